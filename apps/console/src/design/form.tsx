import { createContext, type FormEvent, type ReactNode, useContext, useEffect, useId, useRef } from 'react';
import { ApiError, type FieldError } from '../api/api-error.ts';
import styles from './field.module.css';
import { RequestId } from './states.tsx';

const RefusalsContext = createContext<readonly FieldError[]>([]);

/**
 * What the server said about a value: of this pointer, or below it.
 * @param pointer RFC 6901, into the body that the form sends.
 */
export function useFieldError(pointer: string | undefined): string | null {
  const errors = useContext(RefusalsContext);
  if (pointer === undefined) return null;
  const own = errors.filter((each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`));
  return own.length === 0 ? null : own.map((each) => each.message).join('; ');
}

interface FormProps {
  onSubmit: () => void;
  /** What the last submission failed with: told at the fields it is about, and above the buttons. */
  error: unknown;
  children: ReactNode;
  label?: string;
}

/** A form whose fields show what the server refused (see TextField's `pointer`). Submitting never loses what was typed. */
export function Form({ onSubmit, error, children, label }: FormProps) {
  const errors = error instanceof ApiError ? error.errors : [];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <RefusalsContext value={errors}>
      <form className={styles.form} onSubmit={submit} noValidate aria-label={label}>
        {children}
      </form>
    </RefusalsContext>
  );
}

/** Why it was not saved, with the code; all refused values, so that none below the fold is overlooked. */
export function FormError({ error }: { error: unknown }) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error) box.current?.focus();
  }, [error]);
  if (!error) return null;
  const known = error instanceof ApiError ? error : null;
  return (
    <div ref={box} className={styles.summary} role="alert" tabIndex={-1} aria-labelledby={id}>
      <strong id={id}>{known?.title ?? 'It did not work'}</strong>
      <p>
        {(error as Error).message} {known ? <code>{known.code}</code> : null}
      </p>
      <RequestId error={known} />
      {known && known.errors.length > 0 ? (
        <ul>
          {known.errors.map((each) => (
            <li key={`${each.pointer} ${each.message}`}>
              <code>{each.pointer || '/'}</code> {each.message}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

/** The row of buttons that ends a form. */
export function FormActions({ children }: { children: ReactNode }) {
  return <div className={styles.actions}>{children}</div>;
}

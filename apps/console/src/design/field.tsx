import { type ReactNode, useId } from 'react';
import styles from './field.module.css';
import { useFieldError } from './form.tsx';
import { ChoicesState, type QueryLike } from './states.tsx';

interface FieldProps {
  label: string;
  /** Of the value in the body that the form sends; what the server refuses there is shown here. */
  pointer?: string;
  hint?: ReactNode;
  isOptional?: boolean;
  /** A problem found before anything was sent. */
  problem?: string | null;
}

interface Wiring {
  id: string;
  'aria-invalid': boolean;
  'aria-describedby': string | undefined;
}

/** Label, hint and error around any control, tied to it for screen readers. */
export function Field(props: FieldProps & { children: (wiring: Wiring) => ReactNode }) {
  const { label, pointer, hint, isOptional, problem, children } = props;
  const id = useId();
  const refused = useFieldError(pointer);
  const error = problem ?? refused;
  const described = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label} {isOptional ? <span className={styles.optional}>(optional)</span> : null}
      </label>
      {children({ id, 'aria-invalid': error !== null, 'aria-describedby': described || undefined })}
      {hint ? (
        <div className={styles.hint} id={`${id}-hint`}>
          {hint}
        </div>
      ) : null}
      {error ? (
        <div className={styles.error} id={`${id}-error`}>
          {error}
        </div>
      ) : null}
    </div>
  );
}

interface TextFieldProps extends FieldProps {
  value: string;
  onChange: (value: string) => void;
  type?: 'text' | 'email' | 'password' | 'url' | 'number' | 'search' | 'datetime-local';
  placeholder?: string;
  autoComplete?: string;
  isCode?: boolean;
  isRequired?: boolean;
  isReadOnly?: boolean;
  /** Lines; more than one is a text area. */
  rows?: number;
}

export function TextField({
  value,
  onChange,
  rows = 1,
  type = 'text',
  isCode,
  isRequired,
  isReadOnly,
  ...rest
}: TextFieldProps) {
  const { placeholder, autoComplete = 'off', ...field } = rest;
  const className = isCode ? `${styles.input} ${styles.code}` : styles.input;
  const given = { value, placeholder, autoComplete, className, required: isRequired, readOnly: isReadOnly };
  const spellCheck = !isCode;
  return (
    <Field {...field}>
      {(wiring) =>
        rows > 1 ? (
          <textarea
            {...wiring}
            {...given}
            rows={rows}
            spellCheck={spellCheck}
            onChange={(event) => onChange(event.target.value)}
          />
        ) : (
          <input
            {...wiring}
            {...given}
            type={type}
            spellCheck={spellCheck}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </Field>
  );
}

export interface Option<Value extends string = string> {
  value: Value;
  label: string;
  hint?: string;
}

interface ChoiceProps<Value extends string> extends FieldProps {
  value: Value;
  onChange: (value: Value) => void;
  options: readonly Option<Value>[];
}

/** The platform's own select: works with every keyboard, reader and phone. */
export function SelectField<Value extends string>(props: ChoiceProps<Value> & { source?: QueryLike<unknown> }) {
  const { value, onChange, options, source, ...field } = props;
  return (
    <Field {...field}>
      {(wiring) => (
        <>
          <select
            {...wiring}
            className={styles.input}
            value={value}
            onChange={(event) => onChange(event.target.value as Value)}
          >
            {options.map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))}
          </select>
          {source ? <ChoicesState query={source} /> : null}
        </>
      )}
    </Field>
  );
}

/** One of a few, each explained in a card. */
export function RadioCards<Value extends string>({
  value,
  onChange,
  options,
  label,
  hint,
  pointer,
}: ChoiceProps<Value>) {
  const name = useId();
  const error = useFieldError(pointer);
  return (
    <fieldset className={styles.group} aria-describedby={error ? `${name}-error` : undefined}>
      <legend className={styles.label}>{label}</legend>
      {hint ? <div className={styles.hint}>{hint}</div> : null}
      <div className={styles.cards}>
        {options.map((option) => (
          <label key={option.value} className={styles.card}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span className={styles.label}>{option.label}</span>
            {option.hint ? <span className={styles.hint}>{option.hint}</span> : null}
          </label>
        ))}
      </div>
      {error ? (
        <div className={styles.error} id={`${name}-error`}>
          {error}
        </div>
      ) : null}
    </fieldset>
  );
}

interface CheckFieldProps {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  hint?: ReactNode;
  isDisabled?: boolean;
}

export function CheckField({ label, isOn, onChange, hint, isDisabled }: CheckFieldProps) {
  const id = useId();
  return (
    <div className={styles.check}>
      <input
        id={id}
        type="checkbox"
        checked={isOn}
        disabled={isDisabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>
        <label htmlFor={id}>{label}</label>
        {hint ? (
          <div className={styles.hint} id={`${id}-hint`}>
            {hint}
          </div>
        ) : null}
      </span>
    </div>
  );
}

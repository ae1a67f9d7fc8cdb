import { lazy, type ReactNode, Suspense, useId } from 'react';
import type { Schema } from '../flows/flow-schema.rules.ts';
import styles from './field.module.css';
import { useFieldError } from './form.tsx';
import { Loading } from './states.tsx';

const CodeEditor = lazy(async () => ({ default: (await import('./code-editor.tsx')).CodeEditor }));

interface CodeFieldProps {
  label: string;
  pointer: string;
  hint: ReactNode;
  isRequired?: boolean;
  schema: Schema;
  value: string;
  onChange: (value: string) => void;
}

/** JSON with colours, completion from a schema and its mistakes marked. The editor is loaded when a screen shows it. */
export function CodeField({ label, pointer, hint, isRequired, schema, value, onChange }: CodeFieldProps) {
  const id = useId();
  const error = useFieldError(pointer);
  return (
    <div className={styles.field}>
      <span className={styles.label} id={id}>
        {label} {isRequired ? null : <span className={styles.optional}>(optional)</span>}
      </span>
      <Suspense fallback={<Loading what="Loading the editor" />}>
        <CodeEditor label={label} schema={schema} value={value} onChange={onChange} />
      </Suspense>
      <div className={styles.hint} id={`${id}-hint`}>
        {hint}
      </div>
      <div className={styles.error} id={`${id}-error`}>
        {error}
      </div>
    </div>
  );
}

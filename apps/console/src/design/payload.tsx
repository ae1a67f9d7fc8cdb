import { useMemo, useState } from 'react';
import { Button } from './button.tsx';
import { CopyButton } from './copy-button.tsx';
import styles from './payload.module.css';
import { cut, readable, SHOWN_CHARACTERS, visible } from './payload.rules.ts';
import { bytes } from './time.tsx';

/**
 * A body, header value or step output: always as text, never as markup; hidden characters made visible; cut at 64 Ki
 * characters until somebody asks for all of it. Strings that are JSON are indented.
 */
export function Payload({ value, label }: { value: unknown; label: string }) {
  const [isWhole, setWhole] = useState(false);
  const text = useMemo(() => readable(value), [value]);
  const { shown, left } = cut(text, isWhole ? Number.POSITIVE_INFINITY : SHOWN_CHARACTERS);
  return (
    <div className={styles.box}>
      <div className={styles.head}>
        <span>
          {label} {text === '' ? '(empty)' : `(${bytes(new Blob([text]).size)})`}
        </span>
        {text === '' ? null : <CopyButton text={text} what={label} />}
      </div>
      {text === '' ? null : (
        // What scrolls must be reachable by keyboard.
        <pre className={styles.text} tabIndex={0} role="region" aria-label={label} dir="ltr">
          {visible(shown)}
        </pre>
      )}
      {left > 0 ? (
        <Button small onPress={() => setWhole(true)}>
          Show all ({left.toLocaleString()} characters more)
        </Button>
      ) : null}
    </div>
  );
}

/** A command to copy: shown in one box with its button. */
export function Command({ text, label }: { text: string; label: string }) {
  return (
    <div className={styles.box}>
      <div className={styles.head}>
        <span>{label}</span>
        <CopyButton text={text} what={label} />
      </div>
      <pre className={styles.text} tabIndex={0} role="region" aria-label={label} dir="ltr">
        {visible(text)}
      </pre>
    </div>
  );
}

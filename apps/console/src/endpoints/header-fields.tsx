import { Button } from '../design/button.tsx';
import { TextField } from '../design/field.tsx';
import styles from './endpoints.module.css';

interface Header {
  key: string;
  value: string;
}

/** LU-01, ET-02: any number of custom headers (the server says which names are taken). */
export function HeaderFields({
  headers,
  onChange,
}: {
  headers: readonly Header[];
  onChange: (headers: readonly Header[]) => void;
}) {
  const put = (index: number, change: Partial<Header>): void =>
    onChange(headers.map((each, at) => (at === index ? { ...each, ...change } : each)));
  return (
    <fieldset className={styles.headers}>
      <legend>Custom headers</legend>
      {headers.map((header, index) => (
        <div key={index} className={styles.header}>
          <TextField
            label={`Header ${index + 1}: name`}
            pointer={`/headers/${index}/key`}
            isCode
            value={header.key}
            onChange={(key) => put(index, { key })}
          />
          <TextField
            label={`Header ${index + 1}: value`}
            pointer={`/headers/${index}/value`}
            isCode
            value={header.value}
            onChange={(value) => put(index, { value })}
          />
          <Button
            kind="quiet"
            aria-label={`Remove header ${index + 1}`}
            onPress={() => onChange(headers.filter((_, at) => at !== index))}
          >
            ✕
          </Button>
        </div>
      ))}
      <div>
        <Button small onPress={() => onChange([...headers, { key: '', value: '' }])}>
          Add a header
        </Button>
      </div>
    </fieldset>
  );
}

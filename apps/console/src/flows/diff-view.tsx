import { visible } from '../design/payload.rules.ts';
import styles from './flows.module.css';
import { folded, lineDiff } from './line-diff.rules.ts';

const SIGNS = { same: ' ', removed: '−', added: '+' } as const;
const SAID = { same: '', removed: 'removed: ', added: 'added: ' } as const;

/** Two texts as one, with the lines that differ marked by sign and colour. */
export function DiffView({ from, to, label }: { from: string; to: string; label: string }) {
  const lines = folded(lineDiff(from, to));
  if (lines.every((line) => line.kind === 'left out' || line.kind === 'same')) return <p>No difference.</p>;
  return (
    <pre className={styles.diff} tabIndex={0} role="region" aria-label={label}>
      {lines.map((line, at) =>
        line.kind === 'left out' ? (
          <span key={at} className={styles.leftOut}>{`… ${line.count} lines alike …\n`}</span>
        ) : (
          <span key={at} className={styles[line.kind]}>
            {SIGNS[line.kind]} <span className={styles.said}>{SAID[line.kind]}</span>
            {`${visible(line.text)}\n`}
          </span>
        ),
      )}
    </pre>
  );
}

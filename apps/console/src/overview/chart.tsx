import { type PointerEvent, useState } from 'react';
import { formatter } from '../design/time.tsx';
import styles from './chart.module.css';
import { type Line, nearest, niceMaximum, pathOf } from './chart.rules.ts';

const [WIDTH, HEIGHT] = [600, 150];
const CLOCK = formatter({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });

interface ChartProps {
  title: string;
  /** What it shows and what to look for, in a sentence. */
  explain: string;
  lines: readonly Line[];
  /** When each point begins. */
  at: readonly string[];
  format: (value: number) => string;
}

const said = (value: number | null | undefined, format: (value: number) => string): string =>
  value === null || value === undefined ? '–' : format(value);

/** Lines over time, with the numbers of the point below the pointer, and all of them as a table. */
export function Chart({ title, explain, lines, at, format }: ChartProps) {
  const [index, setIndex] = useState<number | null>(null);
  const [isTable, setTable] = useState(false);
  const maximum = niceMaximum(lines);
  const move = (event: PointerEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    setIndex(nearest((event.clientX - box.left) / box.width, at.length));
  };
  const time = (when: string | undefined): string => (when ? CLOCK().format(new Date(when)) : '');
  const chosen = index ?? at.length - 1;
  const x = at.length > 1 ? (chosen * WIDTH) / (at.length - 1) : 0;
  const total = lines.map((line) => `${line.name} ${said(line.values.at(-1), format)}`).join(', ');
  return (
    <div className={styles.chart}>
      <p className={styles.explain}>{explain}</p>
      <svg
        className={styles.plot}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}, last: ${total}. All values are in the table below.`}
        onPointerMove={move}
        onPointerLeave={() => setIndex(null)}
      >
        {[0, 0.5].map((part) => (
          <line key={part} className={styles.rule} x1={0} x2={WIDTH} y1={part * HEIGHT} y2={part * HEIGHT} />
        ))}
        {index === null ? null : <line className={styles.cursor} x1={x} x2={x} y1={0} y2={HEIGHT} />}
        {lines.map((line) => (
          <path
            key={line.name}
            className={`${styles.line} ${styles[line.tone]}`}
            d={pathOf(line.values, maximum, WIDTH, HEIGHT)}
          />
        ))}
      </svg>
      <div className={styles.axis}>
        <span>{time(at[0])}</span>
        <span>top: {format(maximum)}</span>
        <span>{time(at.at(-1))}</span>
      </div>
      <div className={styles.legend}>
        <span>{time(at[chosen])}:</span>
        {lines.map((line) => (
          <span key={line.name}>
            <span className={`${styles.key} ${styles[line.tone]}`} aria-hidden="true" />
            {line.name} {said(line.values[chosen], format)}
          </span>
        ))}
      </div>
      <details onToggle={(event) => setTable(event.currentTarget.open)}>
        <summary>As a table</summary>
        {/* A thousand cells of four charts, which few ask for: they cost a third of the screen's first second. */}
        {isTable ? <Values title={title} lines={lines} at={at} format={format} time={time} /> : null}
      </details>
    </div>
  );
}

interface ValuesProps extends Omit<ChartProps, 'explain'> {
  time: (when: string | undefined) => string;
}

function Values({ title, lines, at, format, time }: ValuesProps) {
  return (
    <div className={styles.table} role="region" aria-label={`${title}: values`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            {lines.map((line) => (
              <th scope="col" key={line.name}>
                {line.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {at.map((when, row) => (
            <tr key={when}>
              <th scope="row">{time(when)}</th>
              {lines.map((line) => (
                <td key={line.name}>{said(line.values[row], format)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

import { type CSSProperties, useEffect, useState } from 'react';
import { useLocation } from 'react-router';
import { type Column, DataTable } from '../design/data-table.tsx';
import { duration } from '../design/time.tsx';
import { isOver, StatusBadge } from './run-status.tsx';
import type { Run, RunStep } from './use-runs.ts';
import { type Bar, waterfallOf } from './waterfall.rules.ts';
import styles from './runs.module.css';

const TICK_MS = 1_000;

/** The time, every second as long as something goes on. */
function useNow(isLive: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isLive) return undefined;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isLive]);
  return now;
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;

function Lane({ bar, queue }: { bar: Bar<RunStep>; queue: number }) {
  const style = { '--from': percent(bar.from), '--width': percent(bar.width), '--queue': percent(queue) };
  return (
    <span className={styles.lane} style={style as CSSProperties}>
      <span className={styles.queue} />
      <span className={`${styles.bar} ${styles[bar.step.status] ?? ''}`} />
    </span>
  );
}

/** The steps of a run in their order, each with its bar along the time of the run. */
export function WaterfallTable({ run }: { run: Run }) {
  const isLive = !isOver(run.status);
  const now = useNow(isLive);
  const { pathname, search } = useLocation();
  const { queue, bars, wholeMs } = waterfallOf<RunStep>(run, now);
  const hrefOf = (bar: Bar<RunStep>): string => {
    const params = new URLSearchParams(search);
    params.set('step', bar.step.path ?? bar.step.ref);
    return `${pathname}?${params.toString()}`;
  };
  const columns: Column<Bar<RunStep>>[] = [
    {
      name: 'Step',
      width: '14rem',
      cell: ({ step, depth }) => (
        <span style={{ paddingLeft: `${depth * 0.8}rem` }}>
          <strong>{step.path ?? step.ref}</strong> <small>{step.type}</small>
        </span>
      ),
    },
    { name: 'Status', width: '7rem', cell: ({ step }) => <StatusBadge status={step.status} /> },
    { name: `Time (${duration(wholeMs)})`, width: '3fr', cell: (bar) => <Lane bar={bar} queue={queue?.width ?? 0} /> },
    { name: 'Took', width: '6rem', cell: ({ ms }) => duration(ms) },
    {
      name: 'Attempts',
      width: '9rem',
      cell: ({ step }) =>
        step.given ? 'given by the test' : step.takenFrom ? 'taken over' : step.attempt > 1 ? `${step.attempt}` : '1',
    },
  ];
  return (
    <>
      <p>
        {queue && queue.ms > 0
          ? `Waited ${duration(queue.ms)} in the queue (striped), then ran.`
          : 'Did not wait in a queue.'}{' '}
        {bars.length === 0 ? 'No step has begun.' : ''}
      </p>
      {bars.length === 0 ? null : (
        <DataTable
          label="Steps of the run"
          rows={bars}
          columns={columns}
          keyOf={({ step }) => step.path ?? step.ref}
          hrefOf={hrefOf}
        />
      )}
    </>
  );
}

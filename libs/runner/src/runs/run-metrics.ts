import { metrics } from '@sluice/platform';
import type { RunState } from './run-state.ts';

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const started = metrics.counter('sluice_runs_started_total', 'Runs that began');
const finished = metrics.counter('sluice_runs_finished_total', 'Runs that ended, by how', ['status']);
const queueSeconds = metrics.histogram(
  'sluice_run_queue_seconds',
  'From the acceptance of a trigger to the start of its run',
  BUCKETS,
);
const runSeconds = metrics.histogram('sluice_run_seconds', 'From the start of a run to its end', BUCKETS);
export const effectsInFlight = metrics.gauge('sluice_run_effects_in_flight', 'Outside calls of runs in progress');

export function countStarted(run: RunState): void {
  if (!run.started) return;
  started.inc();
  queueSeconds.observe(Math.max(0, Date.parse(run.started.startedAt) - Date.parse(run.started.queuedAt)) / 1000);
}

export function countFinished(run: RunState): void {
  if (!run.finished) return;
  finished.inc({ status: run.finished.status });
  runSeconds.observe((Date.parse(run.finished.finishedAt) - Date.parse(run.finished.startedAt)) / 1000);
}

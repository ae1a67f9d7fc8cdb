import type { Schema } from '../api/client.ts';
import { Badge, type Tone } from '../design/page.tsx';

export type RunStatus = Schema<'RunSummary'>['status'];
export type StepStatus = Schema<'StepResource'>['status'];

export const RUN_STATUSES: readonly RunStatus[] = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
  'timed_out',
];

const TONES: Record<RunStatus | StepStatus, Tone> = {
  queued: 'plain',
  running: 'info',
  retrying: 'warn',
  waiting: 'warn',
  succeeded: 'good',
  failed: 'bad',
  timed_out: 'bad',
  cancelled: 'plain',
  skipped: 'plain',
};

export const words = (status: string): string => status.replace('_', ' ');
export const isOver = (status: RunStatus): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'cancelled' || status === 'timed_out';

export function StatusBadge({ status }: { status: RunStatus | StepStatus }) {
  return <Badge tone={TONES[status]}>{words(status)}</Badge>;
}

import type { RunCancelAsked, RunFinished, TriggerAccepted } from '@sluice/contracts';

/** A run as Lutra's clients read it (LT-05, LT-06); `status` and `finished_at` are ours. */
export interface VendorRun {
  run_id: string;
  status: 'queued' | 'running' | 'waiting' | RunFinished['status'];
  /** The moment of acceptance. */
  started_at: string;
  latest_event_at: string;
  finished_at: string | null;
  user_requested_cancel_at: string | null;
  /** The body that started it; null when retention has taken it. */
  workflow_input: unknown;
  /** Null until the run has finished, never afterwards. */
  result: Record<string, unknown> | null;
}

/** An event of the request's or of the run's stream, as the tables hold it. */
export interface RunFact {
  type: string;
  /** Parsed only where it is read here. */
  data: unknown;
  occurredAt: string;
}

/** A request that was accepted at that moment and of whose run nothing more is known yet. */
export function acceptedRun(runId: string, receivedAt: string, input: unknown): VendorRun {
  return {
    run_id: runId,
    status: 'queued',
    started_at: receivedAt,
    latest_event_at: receivedAt,
    finished_at: null,
    user_requested_cancel_at: null,
    workflow_input: input,
    result: null,
  };
}

/** What became of a request. @param facts the events of its stream and then of its run's, each in order. */
export function runOf(runId: string, request: TriggerAccepted, input: unknown, facts: readonly RunFact[]): VendorRun {
  const run = acceptedRun(runId, request.receivedAt, input);
  for (const fact of facts) {
    apply(run, fact);
    // Times of two machines: what happened to a run is never shown as earlier than its acceptance.
    if (fact.type !== 'TriggerAccepted' && fact.occurredAt > run.latest_event_at) run.latest_event_at = fact.occurredAt;
  }
  return run;
}

function apply(run: VendorRun, { type, data }: RunFact): void {
  switch (type) {
    case 'TriggerAccepted':
      return;
    case 'RunCancelAsked':
    case 'RunCancelRequested':
      // Whoever asked first; the runner repeats what it was asked here.
      run.user_requested_cancel_at ??= (data as RunCancelAsked).at;
      return;
    case 'RunFinished': {
      const finished = data as RunFinished;
      run.status = finished.status;
      run.finished_at = finished.finishedAt;
      run.result = resultOf(finished);
      return;
    }
    case 'RunWaiting':
      run.status = 'waiting';
      return;
    default:
      run.status = 'running';
  }
}

function resultOf({ status, result, error }: RunFinished): Record<string, unknown> {
  if (status !== 'succeeded') {
    return { error: error ?? { code: status, message: `The run ended as ${status}.`, ref: null } };
  }
  const isObject = result !== null && typeof result === 'object' && !Array.isArray(result);
  return isObject ? (result as Record<string, unknown>) : { output: result ?? null };
}

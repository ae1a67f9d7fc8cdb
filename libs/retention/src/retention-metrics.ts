import { metrics } from '@sluice/platform';

function register() {
  return {
    dropped: metrics.counter('sluice_retention_dropped_days_total', 'Days of events that were dropped', ['service']),
    pruned: metrics.counter('sluice_retention_pruned_rows_total', 'Rows that were deleted because of their age', [
      'service',
      'table',
    ]),
    kept: metrics.gauge('sluice_retention_kept_days', 'Days of events past their age that are still needed', [
      'service',
      'need',
    ]),
    sweptAt: metrics.gauge(
      'sluice_retention_swept_timestamp_seconds',
      'When this process last swept (Unix time); 0 when another replica does',
      ['service'],
    ),
  };
}

let registered: ReturnType<typeof register> | null = null;

/** Registered when the first worker is made: a process without events to keep, such as the edge, does not show them. */
export function retentionMetrics(): ReturnType<typeof register> {
  registered ??= register();
  return registered;
}

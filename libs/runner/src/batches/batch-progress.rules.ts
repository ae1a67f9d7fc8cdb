import type { BatchRow } from './batches.ts';

export interface BatchProgress {
  done: number;
  skipped: number;
  /** How many were skipped, by the code of the error. */
  reasons: Record<string, number>;
  /** The last run that was dealt with; null when there was none. */
  cursor: string | null;
  /** In this page. */
  dealtWith: number;
}

/** How far a batch has come after a page. @param outcomes of the runs in their order: null, or why they were skipped. */
export function progressOf(
  batch: Pick<BatchRow, 'done' | 'skipped' | 'reasons'>,
  ids: readonly string[],
  outcomes: readonly (string | null)[],
): BatchProgress {
  const reasons = JSON.parse(batch.reasons) as Record<string, number>;
  for (const code of outcomes) if (code !== null) reasons[code] = (reasons[code] ?? 0) + 1;
  const skipped = outcomes.filter((code) => code !== null).length;
  return {
    done: batch.done + outcomes.length - skipped,
    skipped: batch.skipped + skipped,
    reasons,
    cursor: ids.at(-1) ?? null,
    dealtWith: ids.length,
  };
}

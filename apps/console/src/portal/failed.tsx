import { wordsOf } from './words.ts';

/** What could not be read, with the way to try again. */
export function Failed({ error, retry }: { error: unknown; retry: () => Promise<unknown> }) {
  if (!error) return null;
  return (
    <div role="alert">
      {wordsOf(error)}{' '}
      <button type="button" onClick={() => void retry()}>
        Try again
      </button>
    </div>
  );
}

import { type ReactNode, useEffect, useState } from 'react';
import { ApiError } from '../api/api-error.ts';
import { Button } from './button.tsx';
import styles from './states.module.css';

/** Nothing here yet: what it is for, and the first step. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.state}>
      <h2>{title}</h2>
      {children ? <div className={styles.muted}>{children}</div> : null}
      {action}
    </div>
  );
}

const SLOW_MS = 4_000;

/** It is being read; after a while it says that it takes long, so that nobody wonders whether it hangs. */
export function Loading({ what = 'Loading' }: { what?: string }) {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p role="status" className={styles.muted}>
      {isSlow ? `${what}: the server takes longer than usual, still waiting …` : `${what} …`}
    </p>
  );
}

/** It could not be read: why, with the code, and a way to try again. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const known = error instanceof ApiError ? error : null;
  return (
    <div className={`${styles.state} ${styles.failed}`} role="alert">
      <h2>{known?.title ?? 'Something went wrong'}</h2>
      <p>
        {error instanceof Error ? error.message : String(error)} {known ? <code>{known.code}</code> : null}
      </p>
      {onRetry ? <Button onPress={onRetry}>Try again</Button> : null}
    </div>
  );
}

interface QueryLike<Data> {
  data: Data | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
  /** Of a list: what could not be read is its next page. */
  isFetchNextPageError?: boolean;
  fetchNextPage?: () => unknown;
}

/**
 * What a query has: loading, failed with "Try again", or the data. What was read before stays when reading it again fails,
 * with a note above.
 */
export function QueryView<Data>({ query, children }: { query: QueryLike<Data>; children: (data: Data) => ReactNode }) {
  // A further page alone is read again: all of them would be, otherwise.
  const retry = (): void => void (query.isFetchNextPageError ? query.fetchNextPage?.() : query.refetch());
  if (query.data === undefined) return query.isPending ? <Loading /> : <Failed error={query.error} onRetry={retry} />;
  return (
    <>
      {query.error ? <Failed error={query.error} onRetry={retry} /> : null}
      {children(query.data)}
    </>
  );
}

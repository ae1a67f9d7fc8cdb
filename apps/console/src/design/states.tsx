import type { ReactNode } from 'react';
import { ApiError } from '../api/api-error.ts';
import { Button } from './button.tsx';
import { useIsSlow } from './use-is-slow.ts';
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

/** It is being read; after a while it says that it takes long, so that nobody wonders whether it hangs. */
export function Loading({ what = 'Loading' }: { what?: string }) {
  const isSlow = useIsSlow(true);
  return (
    <p role="status" className={styles.muted}>
      {isSlow ? `${what}: the server takes longer than usual, still waiting …` : `${what} …`}
    </p>
  );
}

/** Of an error that is the server's: what its operator is told, so that they find it. */
export function RequestId({ error }: { error: ApiError | null }) {
  if (error === null || error.requestId === null) return null;
  return (
    <p>
      Request <code>{error.requestId}</code>
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
      <RequestId error={known} />
      {onRetry ? <Button onPress={onRetry}>Try again</Button> : null}
    </div>
  );
}

export interface QueryLike<Data> {
  data: Data | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
  /** Of a list: what could not be read is its next page. */
  isFetchNextPageError?: boolean;
  fetchNextPage?: () => unknown;
}

/**
 * For what a field only chooses from: nothing while that comes soon, so that nothing moves; then that it takes long, or that
 * it failed. What can be typed or sent without it stays.
 */
export function ChoicesState({ query }: { query: QueryLike<unknown> }) {
  const isSlow = useIsSlow(query.isPending);
  if (query.error) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  return isSlow ? (
    <p role="status" className={styles.muted}>
      The choices are still on their way: the server takes longer than usual …
    </p>
  ) : null;
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

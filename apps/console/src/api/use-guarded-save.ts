import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { isApiError } from './client.ts';

/** A resource with the ETag that it was read with. */
export interface Tagged<Body> {
  body: Body;
  etag: string | null;
}

interface Guarded<Body, Draft> {
  /** What the form began with. */
  opened: Tagged<Body>;
  read: () => Promise<Tagged<Body>>;
  /** @param headers If-Match, for the request that changes it */
  write: (draft: Draft, headers: Record<string, string>) => Promise<unknown>;
  onSaved: () => unknown;
}

/**
 * Saves onto the version that was opened. When somebody else was faster, `theirs` is what they made of it; `overwrite` saves
 * onto that one.
 */
export function useGuardedSave<Body, Draft>({ opened, read, write, onSaved }: Guarded<Body, Draft>) {
  const [theirs, setTheirs] = useState<Tagged<Body> | null>(null);
  const save = useMutation({
    mutationFn: async ({ draft, onto }: { draft: Draft; onto: Tagged<Body> }) => {
      try {
        return await write(draft, onto.etag === null ? {} : { 'if-match': onto.etag });
      } catch (error) {
        if (isApiError(error) && error.status === 412) setTheirs(await read());
        throw error;
      }
    },
    onSuccess: () => {
      setTheirs(null);
      return onSaved();
    },
  });
  return {
    error: save.error,
    isBusy: save.isPending,
    theirs: theirs?.body ?? null,
    save: (draft: Draft): void => save.mutate({ draft, onto: opened }),
    overwrite: (draft: Draft): void => save.mutate({ draft, onto: theirs ?? opened }),
  };
}

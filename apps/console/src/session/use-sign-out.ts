import { useQueryClient } from '@tanstack/react-query';
import { bodyOf, plainClient } from '../api/client.ts';
import { useToasts } from '../design/toasts.tsx';
import { SESSION_KEY } from './session.ts';

/** Ends the session at the server, and forgets here everything that was read with it. */
export function useSignOut(): () => void {
  const queries = useQueryClient();
  const { warn } = useToasts();
  return () => {
    const work = async (): Promise<void> => {
      const answer = await plainClient.DELETE('/v1/sessions/current');
      if (answer.response.status !== 401) await bodyOf(Promise.resolve(answer));
      queries.setQueryData(SESSION_KEY, null);
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION_KEY[0] });
    };
    work().catch(warn);
  };
}

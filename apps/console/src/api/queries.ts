import { MutationCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './api-error.ts';

const FRESH_MS = 5_000;
const TRIES = 1;
/** What was read of the API, for the whole page. */
export const queries: QueryClient = new QueryClient({
  // Whatever was changed may stand in any list that was read before: the next screen that shows it reads it again. What is
  // on the screen now stays as it is; who made the change renews what has to be seen at once.
  mutationCache: new MutationCache({ onSuccess: () => queries.invalidateQueries({ refetchType: 'none' }) }),
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      // A refusal stays one; what passes is tried once more before the screen says so.
      retry: (count, error) => count < TRIES && error instanceof ApiError && error.isPassing,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

import './design/base.css';
import { MutationCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';
import { ApiError } from './api/api-error.ts';
import { ToastProvider } from './design/toasts.tsx';
import { router } from './routes.tsx';
import { CommandProvider } from './shell/commands.tsx';
import { followSystemTheme } from './shell/theme.ts';

followSystemTheme();

const FRESH_MS = 5_000;
const TRIES = 1;
const queries: QueryClient = new QueryClient({
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

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <ToastProvider>
        <CommandProvider>
          <RouterProvider router={router} />
        </CommandProvider>
      </ToastProvider>
    </QueryClientProvider>
  </StrictMode>,
);

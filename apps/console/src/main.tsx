import './design/base.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';
import { queries } from './api/queries.ts';
import { ToastProvider } from './design/toasts.tsx';
import { router } from './routes.tsx';
import { sessionQuery } from './session/session.ts';
import { CommandProvider } from './shell/commands.tsx';
import { followSystemTheme } from './shell/theme.ts';

followSystemTheme();

// Asked while the files of the screen are still on their way: nothing can be shown before it is answered.
void queries.prefetchQuery(sessionQuery);

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

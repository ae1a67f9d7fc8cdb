import './portal.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Portal } from './portal-page.tsx';

const dark = matchMedia('(prefers-color-scheme: dark)');
const applyColours = (): void => {
  document.documentElement.dataset.theme = dark.matches ? 'dark' : 'light';
};
applyColours();
dark.addEventListener('change', applyColours);

const queries = new QueryClient({ defaultOptions: { queries: { retry: 1 } } });
const root = document.getElementById('portal');
if (!root) throw new Error('the page has no #portal');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Portal token={location.hash.slice(1)} />
    </QueryClientProvider>
  </StrictMode>,
);

import { createBrowserRouter, Navigate, type RouteObject } from 'react-router';
import { Landing, Root } from './shell/root.tsx';
import { NotFound, ScreenError } from './shell/error-boundary.tsx';
import { Shell } from './shell/shell.tsx';

/**
 * Every screen is a file of its own that is loaded when it is gone to: `() => import('./triggers/triggers.tsx')` whose
 * export `Component` is the screen.
 */
const IN_APP: RouteObject[] = [
  { path: 'overview', lazy: () => import('./overview/overview.tsx') },
  { path: 'runs', lazy: () => import('./runs/runs.tsx') },
  { path: 'runs/:runId', lazy: () => import('./runs/run.tsx') },
  { path: 'approvals', lazy: () => import('./approvals/approvals.tsx') },
];

const GLOBAL: RouteObject[] = [];

const screens: RouteObject[] = [
  { index: true, element: <Landing /> },
  { path: 'apps/:appId', children: [{ index: true, element: <Navigate to="overview" replace /> }, ...IN_APP] },
  ...GLOBAL,
  { path: '*', element: <NotFound /> },
];

export const router = createBrowserRouter(
  [
    {
      element: <Root />,
      errorElement: <ScreenError />,
      hydrateFallbackElement: <p>Loading …</p>,
      children: [{ element: <Shell />, children: [{ errorElement: <ScreenError />, children: screens }] }],
    },
  ],
  { basename: '/console' },
);

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
  { path: 'flows', lazy: () => import('./flows/flows.tsx') },
  { path: 'flows/:flowId', lazy: () => import('./flows/flow.tsx') },
  { path: 'flows/:flowId/versions', lazy: () => import('./flows/versions.tsx') },
  { path: 'runs', lazy: () => import('./runs/runs.tsx') },
  { path: 'runs/:runId', lazy: () => import('./runs/run.tsx') },
  { path: 'approvals', lazy: () => import('./approvals/approvals.tsx') },
  { path: 'triggers', lazy: () => import('./triggers/triggers.tsx') },
  { path: 'triggers/new', lazy: () => import('./triggers/new-trigger.tsx') },
  {
    path: 'triggers/:triggerId',
    lazy: () => import('./triggers/trigger.tsx'),
    children: [
      { index: true, lazy: () => import('./triggers/trigger-details.tsx') },
      { path: 'requests', lazy: () => import('./triggers/trigger-requests.tsx') },
      { path: 'capture', lazy: () => import('./triggers/trigger-capture.tsx') },
      { path: 'settings', lazy: () => import('./triggers/trigger-settings.tsx') },
      { path: 'history', lazy: () => import('./triggers/trigger-history.tsx') },
    ],
  },
  { path: 'secrets', lazy: () => import('./secrets/secrets.tsx') },
  { path: 'tokens', lazy: () => import('./tokens/tokens.tsx') },
  { path: 'history', lazy: () => import('./history/history.tsx') },
  { path: 'endpoints', lazy: () => import('./endpoints/endpoints.tsx') },
  { path: 'endpoints/new', lazy: () => import('./endpoints/endpoint-new.tsx') },
  { path: 'endpoints/:id', lazy: () => import('./endpoints/endpoint.tsx') },
  { path: 'endpoints/:id/edit', lazy: () => import('./endpoints/endpoint-edit.tsx') },
  { path: 'deliveries', lazy: () => import('./deliveries/deliveries.tsx') },
  { path: 'deliveries/compare', lazy: () => import('./deliveries/compare.tsx') },
  { path: 'deliveries/:id', lazy: () => import('./deliveries/delivery.tsx') },
  { path: 'replays', lazy: () => import('./replays/replays.tsx') },
  { path: 'replays/new', lazy: () => import('./replays/replay-new.tsx') },
  { path: 'replays/:id', lazy: () => import('./replays/replay.tsx') },
  { path: 'events', lazy: () => import('./events/events.tsx') },
  { path: 'events/:id', lazy: () => import('./events/event.tsx') },
  { path: 'event-types', lazy: () => import('./event-types/event-types.tsx') },
  { path: 'event-types/new', lazy: () => import('./event-types/event-type-new.tsx') },
  { path: 'event-types/:name/edit', lazy: () => import('./event-types/event-type-edit.tsx') },
  { path: 'event-types/:name', lazy: () => import('./event-types/event-type.tsx') },
  { path: 'search', lazy: () => import('./search/search.tsx') },
  { path: 'live', lazy: () => import('./search/live.tsx') },
  { path: 'timeline', lazy: () => import('./timeline/timeline.tsx') },
  { path: 'timeline/:id', lazy: () => import('./timeline/timeline.tsx') },
];

const GLOBAL: RouteObject[] = [
  { path: 'dead-letters', lazy: () => import('./dead-letters/dead-letters.tsx') },
  { path: 'apps', lazy: () => import('./apps/apps.tsx') },
  { path: 'users', lazy: () => import('./users/users.tsx') },
  { path: 'account', lazy: () => import('./account/account.tsx') },
  { path: 'settings', lazy: () => import('./settings/settings.tsx') },
];

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

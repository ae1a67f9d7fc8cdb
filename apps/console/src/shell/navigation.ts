import type { Role } from '../session/session.ts';

export interface NavigationItem {
  label: string;
  /** Below `/apps/:appId/`, or from the root when `isGlobal`. */
  to: string;
  /** Who is less does not see it. */
  role: Role;
  isGlobal?: boolean;
  words?: string;
}

/** The menu, and "Go to …" in the palette. A new screen gets its line here and its route in routes.tsx. */
export const NAVIGATION: readonly { heading: string; items: readonly NavigationItem[] }[] = [
  {
    heading: 'Watch',
    items: [
      { label: 'Overview', to: 'overview', role: 'viewer', words: 'charts rates latency' },
      { label: 'Runs', to: 'runs', role: 'viewer', words: 'debugger history failed retry' },
      { label: 'Approvals', to: 'approvals', role: 'viewer', words: 'decide wait' },
    ],
  },
  {
    heading: 'Build',
    items: [
      { label: 'Inbound webhooks', to: 'triggers', role: 'viewer', words: 'triggers url token curl' },
      { label: 'Flows', to: 'flows', role: 'viewer', words: 'editor builder steps yaml' },
    ],
  },
  {
    heading: 'Manage',
    items: [
      { label: 'Secrets', to: 'secrets', role: 'editor' },
      { label: 'App tokens', to: 'tokens', role: 'administrator' },
      { label: 'History', to: 'history', role: 'viewer', words: 'audit who changed' },
      { label: 'Apps', to: '/apps', role: 'viewer', isGlobal: true, words: 'tenants' },
      { label: 'Users', to: '/users', role: 'administrator', isGlobal: true, words: 'roles people' },
      { label: 'Account', to: '/account', role: 'viewer', isGlobal: true, words: 'password personal access tokens' },
      { label: 'Settings', to: '/settings', role: 'viewer', isGlobal: true, words: 'colours theme' },
    ],
  },
];

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
      { label: 'Search', to: 'search', role: 'viewer', words: 'find text payload status code' },
      { label: 'Live', to: 'live', role: 'viewer', words: 'tail watch now' },
      { label: 'Timeline', to: 'timeline', role: 'viewer', words: 'find by id trace cause' },
      { label: 'Events', to: 'events', role: 'viewer', words: 'domain events' },
      { label: 'Deliveries', to: 'deliveries', role: 'viewer', words: 'attempts sent outbound failed' },
      { label: 'Replays', to: 'replays', role: 'viewer', words: 'send again' },
      { label: 'Dead letters', to: '/dead-letters', role: 'administrator', isGlobal: true, words: 'parked re-drive' },
    ],
  },
  {
    heading: 'Build',
    items: [
      { label: 'Inbound webhooks', to: 'triggers', role: 'viewer', words: 'triggers url token curl' },
      { label: 'Flows', to: 'flows', role: 'viewer', words: 'editor builder steps yaml' },
      { label: 'Outbound webhooks', to: 'endpoints', role: 'viewer', words: 'endpoints siem provisioning add' },
      { label: 'Event types', to: 'event-types', role: 'viewer', words: 'catalogue schema publish test event' },
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

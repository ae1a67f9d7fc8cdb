import type { ServiceName } from './topics.ts';

/** One rule of "who answers what": the source of the edge proxy's, the compose file's and the Ingress' rules. */
export interface RouteRule {
  service: ServiceName;
  /** A path prefix on segment boundaries; `*` matches exactly one segment. */
  prefix: string;
  /** The rule ends there: no further segments. */
  exact?: true;
  /** Absent: all methods. */
  methods?: readonly string[];
}

/** The longest prefix wins; between equals the one that names a method wins. */
export const ROUTING_TABLE: readonly RouteRule[] = [
  { service: 'gateway', prefix: '/t' },
  { service: 'gateway', prefix: '/api/webhooks/*/runs' },
  { service: 'gateway', prefix: '/apps/*/webhooks' },
  { service: 'gateway', prefix: '/v1/flow-webhook' },
  { service: 'gateway', prefix: '/v1/events', exact: true, methods: ['POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'] },
  { service: 'gateway', prefix: '/resume' },

  { service: 'registry', prefix: '/v1/export' },
  { service: 'registry', prefix: '/v1/import' },
  { service: 'registry', prefix: '/v1/apps' },
  { service: 'registry', prefix: '/v1/users' },
  { service: 'registry', prefix: '/v1/tokens' },
  { service: 'registry', prefix: '/v1/personal-access-tokens' },
  { service: 'registry', prefix: '/v1/sessions' },
  { service: 'registry', prefix: '/v1/flows' },
  { service: 'registry', prefix: '/v1/flow-schema.json', exact: true },
  { service: 'registry', prefix: '/v1/triggers' },
  { service: 'registry', prefix: '/v1/endpoints' },
  { service: 'registry', prefix: '/portal' },
  { service: 'registry', prefix: '/v1/portal-links' },
  { service: 'registry', prefix: '/v1/portal', exact: true },
  { service: 'registry', prefix: '/v1/event-types' },
  { service: 'registry', prefix: '/v1/secrets' },
  { service: 'registry', prefix: '/v1/listeners' },
  { service: 'registry', prefix: '/app/webhooks' },
  { service: 'registry', prefix: '/app-api/v1' },
  { service: 'registry', prefix: '/api/webhooks', exact: true, methods: ['GET'] },
  { service: 'registry', prefix: '/inline_webhooks' },
  { service: 'registry', prefix: '/rest/v1' },

  { service: 'runner', prefix: '/v1/runs' },
  { service: 'runner', prefix: '/v1/approvals' },
  { service: 'runner', prefix: '/v1/schedules' },
  { service: 'runner', prefix: '/v1/flows/*/run', methods: ['POST'] },

  { service: 'dispatcher', prefix: '/v1/endpoints/test', exact: true },
  { service: 'dispatcher', prefix: '/v1/endpoints/*/pause' },
  { service: 'dispatcher', prefix: '/v1/endpoints/*/resume' },
  { service: 'dispatcher', prefix: '/v1/endpoints/*/replay' },
  { service: 'dispatcher', prefix: '/v1/endpoints/*/replays', exact: true, methods: ['GET'] },
  { service: 'dispatcher', prefix: '/v1/endpoints/*/test', exact: true, methods: ['POST'] },
  { service: 'dispatcher', prefix: '/v1/deliveries/*/retry' },
  { service: 'dispatcher', prefix: '/v1/replays' },

  { service: 'delivery-log', prefix: '/v1/timeline' },
  { service: 'delivery-log', prefix: '/v1/deliveries', methods: ['GET'] },
  { service: 'delivery-log', prefix: '/v1/requests', methods: ['GET'] },
  { service: 'delivery-log', prefix: '/v1/events', methods: ['GET'] },
  { service: 'delivery-log', prefix: '/v1/triggers/*/capture', methods: ['GET'] },
  { service: 'delivery-log', prefix: '/v1/triggers/*/requests' },
  { service: 'delivery-log', prefix: '/v1/endpoints/*/events' },
  { service: 'delivery-log', prefix: '/v1/dead-letters' },
  { service: 'delivery-log', prefix: '/v1/stats' },
  { service: 'delivery-log', prefix: '/v1/storage' },
  { service: 'delivery-log', prefix: '/v1/rebuilds' },
  { service: 'delivery-log', prefix: '/v1/tail' },
  { service: 'delivery-log', prefix: '/v1/search' },
];

function lengthOfMatch(rule: RouteRule, method: string, segments: readonly string[]): number {
  if (rule.methods && !rule.methods.includes(method)) return -1;
  const wanted = rule.prefix.split('/').filter(Boolean);
  if (segments.length < wanted.length || (rule.exact && segments.length !== wanted.length)) return -1;
  const fits = wanted.every((part, index) => part === '*' || part === segments[index]);
  return fits ? wanted.length * 4 + (rule.exact ? 2 : 0) + (rule.methods ? 1 : 0) : -1;
}

/** The service that answers a request, or null when none does. The path is without its query string. */
export function routeOf(method: string, path: string, table: readonly RouteRule[] = ROUTING_TABLE): ServiceName | null {
  const segments = path.split('/').filter(Boolean);
  let best: RouteRule | null = null;
  let bestLength = -1;
  for (const rule of table) {
    const length = lengthOfMatch(rule, method, segments);
    if (length > bestLength) {
      best = rule;
      bestLength = length;
    }
  }
  return best?.service ?? null;
}

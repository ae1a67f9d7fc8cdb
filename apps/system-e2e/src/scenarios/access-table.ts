/** Weakest first; each may do what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'editor', 'administrator'] as const;
export type Role = (typeof ROLES)[number];

/** What a token of each scope may do besides. */
export const IMPLIED: Record<string, readonly string[]> = {
  admin: ['automation', 'automation.manage', 'automation.view', 'automation.webhook_run', 'events.publish'],
  automation: ['automation.manage', 'automation.view', 'automation.webhook_run', 'events.publish'],
  'automation.manage': ['automation.view', 'automation.webhook_run'],
  'automation.view': [],
  'automation.webhook_run': [],
  'events.publish': [],
};

export interface AccessRow {
  method: string;
  path: string;
  scope: string;
  role: Role;
  /** The role has to hold in all apps. */
  everywhere: boolean;
}

function rows(scope: string, role: Role, routes: readonly string[], everywhere = false): AccessRow[] {
  return routes.map((route) => {
    const [method = '', path = ''] = route.split(' ');
    return { method, path, scope, role, everywhere };
  });
}

/** RG-02: who may use which route. A route that is added without a row here fails the test of the table. */
export const ACCESS_TABLE: readonly AccessRow[] = [
  ...rows('automation.view', 'viewer', [
    'GET /v1/apps',
    'GET /v1/apps/{id}',
    'GET /v1/apps/{id}/history',
    'GET /v1/flows',
    'GET /v1/flows/{id}',
    'GET /v1/flows/{id}/versions',
    'GET /v1/flows/{id}/versions/compare',
    'GET /v1/flows/{id}/versions/{version}',
    'GET /v1/flows/{id}/history',
    'GET /api/webhooks',
    'GET /v1/listeners',
    'GET /v1/listeners/{name}',
    'GET /v1/triggers',
    'GET /v1/triggers/{id}',
    'GET /v1/triggers/{id}/history',
    'GET /v1/triggers/{id}/requests',
    'GET /v1/triggers/{id}/capture',
    'GET /app-api/v1/crons',
    'GET /v1/export',
    'GET /v1/endpoints',
    'GET /v1/endpoints/{id}',
    'GET /v1/endpoints/{id}/history',
    'GET /v1/endpoints/{id}/events',
    'GET /v1/endpoints/{id}/events/{deliveryId}',
    'GET /v1/endpoints/{id}/replays',
    'GET /v1/replays',
    'GET /v1/replays/{id}',
    'GET /rest/v1/webhooks',
    'GET /inline_webhooks',
    'GET /rest/v1/webhooks/{id}',
    'GET /rest/v1/webhooks/{id}/history',
    'GET /rest/v1/flows/{number}',
    'GET /rest/v1/triggers/{number}',
    'GET /rest/v1/apps/{number}',
    'GET /v1/event-types',
    'GET /v1/event-types/{name}',
    'GET /v1/event-types/{name}/versions',
    'GET /v1/event-types/{name}/versions/{version}',
    'GET /v1/event-types/{name}/example',
    'GET /v1/event-types/{name}/history',
    'GET /v1/runs',
    'GET /v1/runs/{id}',
    'GET /v1/runs/{id}/stream',
    'GET /v1/runs/{id}/files/{payloadId}',
    'GET /v1/approvals',
    'GET /v1/runs/batches',
    'GET /v1/runs/batches/{id}',
    'GET /v1/timeline/{id}',
    'GET /v1/requests',
    'GET /v1/requests/{id}',
    'GET /v1/deliveries',
    'GET /v1/deliveries/{id}',
    'GET /v1/events',
    'GET /v1/events/{id}',
    'GET /v1/stats',
    'GET /v1/tail',
    'GET /v1/portal',
    'GET /v1/search',
  ]),
  ...rows('automation.view', 'operator', [
    'POST /v1/runs/{id}/cancel',
    'POST /v1/runs/{id}/retry',
    'POST /v1/runs/{id}/approvals/{ref}',
    'POST /v1/runs/retry',
    'POST /v1/runs/cancel',
    'POST /v1/runs/batches/{id}/cancel',
  ]),
  ...rows('automation.webhook_run', 'operator', ['POST /v1/flows/{id}/run']),
  ...rows('automation.manage', 'operator', [
    'POST /v1/deliveries/{id}/retry',
    'POST /v1/endpoints/{id}/pause',
    'POST /v1/endpoints/{id}/resume',
    'POST /v1/endpoints/{id}/replay',
    'POST /v1/replays',
    'POST /v1/replays/{id}/cancel',
    'PATCH /v1/flows/{id}',
  ]),
  ...rows('automation.manage', 'editor', [
    'POST /v1/flows',
    'DELETE /v1/flows/{id}',
    'POST /v1/flows/{id}/publish',
    'POST /v1/flows/{id}/rollback',
    'POST /app/webhooks',
    'POST /app-api/v1/webhooks',
    'PUT /v1/listeners/{name}',
    'DELETE /v1/listeners/{name}',
    'POST /v1/triggers',
    'PATCH /v1/triggers/{id}',
    'DELETE /v1/triggers/{id}',
    'POST /v1/triggers/{id}/tokens',
    'DELETE /v1/triggers/{id}/tokens/{tokenId}',
    'POST /v1/triggers/{id}/secrets',
    'DELETE /v1/triggers/{id}/secrets/{secretId}',
    'GET /v1/triggers/{id}/token',
    'POST /v1/triggers/{id}/capture',
    'DELETE /v1/triggers/{id}/capture',
    'POST /app-api/v1/crons',
    'DELETE /app-api/v1/crons/{id}',
    'POST /v1/event-types',
    'PATCH /v1/event-types/{name}',
    'DELETE /v1/event-types/{name}',
    'GET /v1/secrets',
    'GET /v1/secrets/{name}',
    'PUT /v1/secrets/{name}',
    'DELETE /v1/secrets/{name}',
    'GET /v1/secrets/{name}/history',
  ]),
  ...rows('admin', 'viewer', [
    'GET /v1/personal-access-tokens',
    'POST /v1/personal-access-tokens',
    'GET /v1/personal-access-tokens/{id}',
    'DELETE /v1/personal-access-tokens/{id}',
    'POST /v1/personal-access-tokens/{id}/regenerate',
    'GET /v1/users/me',
    'PATCH /v1/users/me',
    'POST /v1/users/me/password',
    'GET /v1/sessions/current',
    'DELETE /v1/sessions/current',
  ]),
  ...rows('admin', 'administrator', [
    'POST /v1/endpoints',
    'POST /v1/endpoints/{id}/enable',
    'POST /v1/endpoints/{id}/disable',
    'PATCH /v1/endpoints/{id}',
    'DELETE /v1/endpoints/{id}',
    'POST /v1/endpoints/{id}/secret/rotate',
    'POST /v1/endpoints/test',
    'POST /v1/endpoints/{id}/test',
    'POST /rest/v1/webhooks/{id}/secret/rotate',
    'POST /rest/v1/webhooks',
    'PATCH /rest/v1/webhooks/{id}',
    'DELETE /rest/v1/webhooks/{id}',
    'POST /v1/import',
    'GET /v1/portal-links',
    'POST /v1/portal-links',
    'DELETE /v1/portal-links/{id}',
    'GET /v1/tokens',
    'POST /v1/tokens',
    'GET /v1/tokens/{id}',
    'DELETE /v1/tokens/{id}',
    'GET /v1/tokens/{id}/history',
    'GET /rest/v1/tokens/{number}',
    'GET /v1/users',
    'POST /v1/users',
    'GET /v1/users/{id}',
    'PATCH /v1/users/{id}',
    'DELETE /v1/users/{id}',
    'GET /v1/users/{id}/history',
    'GET /rest/v1/users/{number}',
  ]),
  ...rows(
    'admin',
    'administrator',
    [
      'POST /v1/apps',
      'GET /v1/secrets/sealing-keys',
      'POST /v1/secrets/reseal',
      'GET /v1/storage',
      'GET /v1/rebuilds',
      'GET /v1/rebuilds/{id}',
      'POST /v1/rebuilds',
      'GET /v1/dead-letters',
      'GET /v1/dead-letters/{id}',
      'DELETE /v1/dead-letters/{id}',
      'POST /v1/dead-letters/{id}/retry',
    ],
    true,
  ),
];

/** Behind the guard too, but not in the OpenAPI document: the gateway takes it before Fastify parses anything. */
export const UNDOCUMENTED: readonly AccessRow[] = rows('events.publish', 'operator', ['POST /v1/events']);

/** For everybody, or for the credential of a trigger, which its own scenarios prove. */
export const WITHOUT_ROLE: readonly RegExp[] = [
  /^GET \/(livez|readyz|metrics|openapi\.json|docs)$/,
  /^POST \/v1\/sessions$/,
  /^GET \/v1\/flow-schema\.json$/,
  /^[A-Z]+ \/(t|api\/webhooks\/\{\w+\}\/runs|apps\/\{\w+\}\/webhooks|v1\/flow-webhook|resume)(\/|$)/,
  /^(POST|OPTIONS) \/v1\/events$/,
];

import type { HookType } from './hook-types.ts';

const EMPLOYEE = {
  requester_user: { id: 'u-1', email: 'ada@example.com', given_name: 'Ada', family_name: 'Lovelace' },
  target_user: { id: 'u-2', email: 'alan@example.com', given_name: 'Alan', family_name: 'Turing' },
};

/** LU-10: an example of the four access types' payload, as `call_webhook` is given one by a flow. */
const ACCESS_REQUEST = {
  application: { app_id: 'app-1', instance_id: 'instance-1', user_friendly_label: 'Example application' },
  permissions: [{ id: 'p-1', label: 'Editor', source: 'example' }],
  ...EMPLOYEE,
  access_length: 'P7D',
  business_justification: 'A test of this webhook',
  custom_fields: null,
};

const ACTIVITY = {
  event: {
    actor: { type: 'user', id: '00000000-0000-7000-8000-000000000001' },
    event_began_at: '2026-01-02T03:04:05.000Z',
    event_hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    event_metadata: { id: 1, name: 'Example' },
    event_type: 'Endpoint.Updated',
    event_type_user_friendly: 'Endpoint updated',
    outcome: 'SUCCESS',
    targets: [{ type: 'Endpoint', id: '1', url: 'https://example.org/rest/v1/webhooks/1' }],
  },
};

/** LU-03: what a test sends to an inline endpoint of the type. */
export function sampleHookPayload(hookType: HookType): unknown {
  return hookType === 'SIEM' ? ACTIVITY : ACCESS_REQUEST;
}

/** The fields of an access payload, for those who check one (LU-10). */
export const ACCESS_FIELDS = Object.keys(ACCESS_REQUEST);

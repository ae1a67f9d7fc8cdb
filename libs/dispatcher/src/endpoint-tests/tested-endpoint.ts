import type { EndpointState } from '@sluice/contracts';

const NOWHERE = { id: 'test', version: 1 };

/**
 * The endpoint that a checked test describes: what it says over what is stored, over the defaults. Its sealed values are
 * not to be opened: the secrets of a test come beside it.
 */
export function testedEndpoint(
  sent: Readonly<Record<string, unknown>>,
  stored: EndpointState | null,
  appId: string,
): EndpointState {
  const {
    id: _id,
    appId: _app,
    payload: _payload,
    eventType: _type,
    headers,
    secret: _secret,
    basicPass: _pass,
    retry: _retry,
    ...plain
  } = sent;
  const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined && value !== null));
  const cleared = ['filter', 'transform', 'basicUser'].filter((name) => sent[name] === null || sent[name] === '');
  const listed = headers as { key: string }[] | undefined;
  return {
    ...(stored ?? defaults(appId)),
    ...given,
    ...Object.fromEntries(cleared.map((name) => [name, null])),
    ...(listed ? { headers: listed.map(({ key }) => ({ key, value: NOWHERE })) } : {}),
  } as EndpointState;
}

function defaults(appId: string): EndpointState {
  return {
    id: 0,
    uuid: '00000000-0000-7000-8000-000000000000',
    appId,
    kind: 'event',
    name: 'Test',
    description: '',
    events: ['*'],
    url: '',
    method: 'POST',
    contentType: 'application/json',
    includeEntity: true,
    enabled: true,
    headers: [],
    secret: null,
    basicUser: null,
    basicPass: null,
    format: 'etl',
    retrySchedule: ['PT0S'],
    rateLimit: null,
    concurrency: 1,
    createdAt: '',
    updatedAt: '',
  };
}

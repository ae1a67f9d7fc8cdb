import createClient, { type Client } from 'openapi-fetch';
import { unreachable } from '../api/api-error.ts';
import type { Schema } from '../api/client.ts';
import type { operations, paths } from '../api/generated/schema.ts';

export type PortalView = Schema<'PortalView'>;
export type Endpoint = PortalView['endpoints'][number];
export type Delivery =
  operations['deliveriesOfEndpoint']['responses'][200]['content']['application/json']['items'][number];
export type Attempt = Delivery['attempts'][number];

const TIMEOUT_MS = 30_000;

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(new Request(request, { signal: AbortSignal.timeout(TIMEOUT_MS) }));
  } catch (error) {
    throw unreachable(error);
  }
}

/** The API by the token of a portal link, and by nothing else: whoever is signed in here is not who looks at this page. */
export function portalClient(token: string): Client<paths> {
  const headers = { authorization: `Bearer ${token}` };
  return createClient<paths>({ baseUrl: location.origin, headers, fetch: send, credentials: 'omit' });
}

import createClient, { type Client } from 'openapi-fetch';
import { ApiError, errorOf, unreachable } from './api-error.ts';
import type { components, paths } from './generated/schema.ts';

export type Api = Client<paths>;
/** The shapes of the API by their names in /openapi.json: `Schema<'UserView'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

const TIMEOUT_MS = 30_000;

/** Resolves once somebody has signed in again, or to false when they would rather not. */
type SignInAgain = () => Promise<boolean>;
let signInAgain: SignInAgain | null = null;

/** Who shows the dialog when a session has ended. */
export function onSessionEnd(handler: SignInAgain | null): void {
  signInAgain = handler;
}

async function send(request: Request): Promise<Response> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await fetch(new Request(request, { signal }));
  } catch (error) {
    if (request.signal.aborted) throw error; // nobody wants the answer any more
    throw unreachable(error);
  }
}

/**
 * What is no route of the API's document, such as its health. With an answer that is no success too.
 * @throws ApiError when there is none
 */
export const readPlain = (path: string): Promise<Response> =>
  send(new Request(new URL(path, location.origin), { credentials: 'same-origin' }));

/**
 * Sends it, and once more after signing in again when the session has ended meanwhile: whatever was being saved is saved,
 * and what was typed stays where it is.
 */
async function sendSignedIn(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await send(request);
  if (response.status !== 401 || !signInAgain) return response;
  return (await signInAgain()) ? send(again) : response;
}

/**
 * The API as its document describes it, in one app. The cookie is the credential; the header is what another site cannot
 * send.
 */
export function clientOf(appId: string | null): Api {
  const headers = { 'x-sluice-csrf': '1', ...(appId === null ? {} : { 'x-sluice-app': appId }) };
  return createClient<paths>({ baseUrl: location.origin, headers, fetch: sendSignedIn, credentials: 'same-origin' });
}

/** Without asking anybody to sign in: what decides whether somebody is. */
export const plainClient: Api = createClient<paths>({
  baseUrl: location.origin,
  headers: { 'x-sluice-csrf': '1' },
  fetch: send,
  credentials: 'same-origin',
});

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/**
 * The body of a successful answer.
 * @throws ApiError for every other one.
 */
export async function bodyOf<Data>(answer: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await answer;
  if (response.ok) return data as Data;
  throw errorOf(response, error);
}

/** The same with the ETag, for what is changed with If-Match afterwards. */
export async function bodyAndTagOf<Data>(answer: Promise<Answer<Data>>): Promise<{ body: Data; etag: string | null }> {
  const whole = await answer;
  return { body: await bodyOf(Promise.resolve(whole)), etag: whole.response.headers.get('etag') };
}

/** Whether it is one of ours: everything else is a mistake of the console. */
export const isApiError = (error: unknown): error is ApiError => error instanceof ApiError;

import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startDemoReceiver } from './demo-receiver.ts';

interface DemoState {
  appId: string;
  triggerId: string;
  token: string;
  endpointId: number;
  secret: string;
  receiverPort: number;
}

export interface DemoOptions {
  /** Where this machine reaches the API. */
  baseUrl: string;
  /** What printed addresses begin with. */
  publicUrl: string;
  /** Needed at the first start, and when the receiver's port had to change; null when nobody here knows it. */
  adminToken: string | null;
  dataDir: string;
  print: (line: string) => void;
}

export interface Demo {
  /** A curl that fires the demo trigger, to be pasted as it is. */
  curl: string;
  close(): Promise<void>;
}

type Call = (method: string, route: string, body?: unknown, appId?: string) => Promise<Record<string, unknown>>;

class RefusedError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
    this.name = 'RefusedError';
  }
}

function client(options: DemoOptions): Call {
  return async (method, route, body, appId) => {
    if (options.adminToken === null) throw new Error('the demo needs SLUICE_ADMIN_TOKEN to be changed');
    const answer = await fetch(`${options.baseUrl}${route}`, {
      method,
      headers: {
        authorization: `Bearer ${options.adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(appId ? { 'x-sluice-app': appId } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new RefusedError(`${method} ${route} answered ${answer.status} ${text}`, answer.status);
    return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  };
}

function readState(file: string): DemoState | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DemoState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`${file} cannot be read (${(error as Error).message}); remove it to have the demo made anew`, {
      cause: error,
    });
  }
}

/** Whole or not at all, and for its owner only: it holds a trigger's token. */
function writeState(file: string, state: DemoState): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(state, null, 2), { mode: 0o600 });
  renameSync(draft, file);
}

type Page<T> = { items: T[]; nextCursor: string | null };

async function findApp(call: Call, name: string): Promise<string | undefined> {
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const page = (await call('GET', `/v1/apps${query}`)) as unknown as Page<{ id: string; name: string }>;
    const found = page.items.find((app) => app.name === name);
    if (found) return found.id;
    cursor = page.nextCursor;
  } while (cursor !== null);
  return undefined;
}

/** An earlier start was killed between making the app and noting it, or the database is older than the data directory. */
async function adoptApp(call: Call): Promise<string> {
  const appId = await findApp(call, APP_NAME);
  if (appId === undefined) throw new Error(`the name ${APP_NAME} is taken, but no app has it`);
  const endpoints = (await call('GET', '/v1/endpoints', undefined, appId)) as unknown as Page<{
    id: number;
    name: string;
  }>;
  for (const { id, name } of endpoints.items)
    if (name === RECEIVER_NAME) await call('DELETE', `/v1/endpoints/${id}`, undefined, appId);
  return appId;
}

async function makeApp(call: Call): Promise<string> {
  try {
    return String((await call('POST', '/v1/apps', { name: APP_NAME })).id);
  } catch (error) {
    if (error instanceof RefusedError && error.status === 409) return adoptApp(call);
    throw error;
  }
}

const APP_NAME = 'demo';
const RECEIVER_NAME = 'Demo receiver';
const GREETING_FLOW = {
  name: 'Greet',
  status: 'active',
  steps: [
    { ref: 'request', type: 'webhook' },
    { ref: 'greeting', type: 'set', values: { text: 'Hello {{ request.name | default("world", true) }}' } },
    {
      ref: 'told',
      type: 'emit',
      event: 'greeting.created',
      subject: '{{ request.name }}',
      data: { text: '{{ greeting.text }}' },
    },
  ],
};

async function create(call: Call, receiverUrl: string, secret: string): Promise<Omit<DemoState, 'receiverPort'>> {
  const appId = await makeApp(call);
  const flow = await call('POST', '/v1/flows', GREETING_FLOW, appId);
  const endpoint = await call(
    'POST',
    '/v1/endpoints',
    { kind: 'event', name: RECEIVER_NAME, events: ['greeting.*'], url: receiverUrl, secret },
    appId,
  );
  const trigger = await call(
    'POST',
    '/v1/triggers',
    { flowId: flow.id, name: 'Demo', profile: 'native', auth: { type: 'bearer' } },
    appId,
  );
  return {
    appId,
    triggerId: String(trigger.id),
    token: String(trigger.token),
    endpointId: Number(endpoint.id),
    secret,
  };
}

/**
 * Sets up the demo app over HTTP on the first start, starts its receiver on every start, and returns the curl.
 * What it made is remembered in `<dataDir>/demo.json`.
 */
export async function setUpDemo(options: DemoOptions): Promise<Demo> {
  const file = path.join(options.dataDir, 'demo.json');
  const known = readState(file);
  const secret = known?.secret ?? `whsec_${randomBytes(24).toString('base64')}`;
  const receiver = await startDemoReceiver({ port: known?.receiverPort ?? 0, secret, print: options.print });
  try {
    const call = client(options);
    const receiverPort = Number(new URL(receiver.url).port);
    const state = known ?? { ...(await create(call, receiver.url, secret)), receiverPort };
    if (known && known.receiverPort !== receiverPort && options.adminToken === null) {
      options.print(
        `The demo's receiver has moved to ${receiver.url}: its old port is taken. Set SLUICE_ADMIN_TOKEN to let the demo follow.`,
      );
    } else if (known && known.receiverPort !== receiverPort) {
      await call('PATCH', `/v1/endpoints/${known.endpointId}`, { url: receiver.url }, known.appId);
    }
    const movedUnseen = options.adminToken === null && known !== null;
    writeState(file, { ...state, receiverPort: movedUnseen ? known.receiverPort : receiverPort });
    const curl = `curl -sS -X POST ${options.publicUrl}/t/${state.triggerId} -H 'Authorization: Bearer ${state.token}' -H 'Content-Type: application/json' -d '{"name": "Ada"}'`;
    return { curl, close: () => receiver.close() };
  } catch (error) {
    await receiver.close();
    throw error;
  }
}

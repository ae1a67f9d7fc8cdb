import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
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
    if (!answer.ok)
      throw new Error(`the demo could not be set up: ${method} ${route} answered ${answer.status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  };
}

function readState(file: string): DemoState | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DemoState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

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
  const app = await call('POST', '/v1/apps', { name: 'demo' });
  const appId = String(app.id);
  const flow = await call('POST', '/v1/flows', GREETING_FLOW, appId);
  const endpoint = await call(
    'POST',
    '/v1/endpoints',
    { kind: 'event', name: 'Demo receiver', events: ['greeting.*'], url: receiverUrl, secret },
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
    writeFileSync(
      file,
      JSON.stringify({ ...state, receiverPort: movedUnseen ? known.receiverPort : receiverPort }, null, 2),
      { mode: 0o600 },
    );
    const curl = `curl -sS -X POST ${options.publicUrl}/t/${state.triggerId} -H 'Authorization: Bearer ${state.token}' -H 'Content-Type: application/json' -d '{"name": "Ada"}'`;
    return { curl, close: () => receiver.close() };
  } catch (error) {
    await receiver.close();
    throw error;
  }
}

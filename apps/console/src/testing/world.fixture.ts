import { waitFor } from '@sluice/testing';
import { product, type TestApp } from './browser.fixture.ts';

/** An app in which everything has happened once, and where each screen of it is. */
export interface World {
  /** Below `/console/apps/…/`. */
  screens: Record<string, string>;
  /** Below `/console/`. */
  globals: Record<string, string>;
}

interface Page {
  items: { id: string }[];
}

async function first(app: TestApp, path: string): Promise<string> {
  let id: string | undefined;
  await waitFor(async () => {
    id = (await app.call<Page>('GET', path)).items[0]?.id;
    return id !== undefined;
  }, 30_000);
  return id as string;
}

async function made(app: TestApp, receiverUrl: string) {
  const schema = { type: 'object', properties: { total: { type: 'number', example: 49 } } };
  await app.call('POST', '/v1/event-types', { name: 'world.made', description: 'Of a test', schema, validate: false });
  const steps = [
    { ref: 'web', type: 'webhook' },
    { ref: 'tell', type: 'emit', event: 'world.made', data: '{{ web }}' },
    { ref: 'ask', type: 'approval', message: 'Shall it go on?' },
  ];
  const flow = await app.call<{ id: string }>('POST', '/v1/flows', { name: 'World', status: 'active', steps });
  const auth = { type: 'bearer' };
  const trigger = await app.call<{ id: string; url: string; token: string }>('POST', '/v1/triggers', {
    flowId: flow.id,
    name: 'Door',
    auth,
  });
  const hook = { kind: 'event', name: 'Ear', url: receiverUrl, events: ['world.*'] };
  const endpoint = await app.call<{ uuid: string }>('POST', '/v1/endpoints', hook);
  await app.call('PUT', '/v1/secrets/key', { value: 'not shown' });
  return { flow, trigger, endpoint, steps };
}

/** Makes it: flow with two versions, webhook, request, run that waits for a decision, event, delivery, replay. */
export async function makeWorld(app: TestApp, receiverUrl: string): Promise<World> {
  const { flow, trigger, endpoint, steps } = await made(app, receiverUrl);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${trigger.token}` };
  const answer = await fetch(trigger.url, { method: 'POST', headers, body: '{"total": 7}' });
  if (answer.status !== 202) throw new Error(`the webhook answered ${answer.status}`);
  const [run, event, delivery] = [
    await first(app, '/v1/runs?limit=1'),
    await first(app, '/v1/events?limit=1'),
    await first(app, '/v1/deliveries?status=succeeded'),
  ];
  const { replayId } = await app.call<{ replayId: string }>('POST', '/v1/replays', { eventTypes: ['world.made'] });
  await first(app, `/v1/triggers/${trigger.id}/requests`);
  await first(app, '/v1/approvals');
  await app.call('PATCH', `/v1/flows/${flow.id}`, { steps: steps.slice(0, 2) });
  const door = `triggers/${trigger.id}`;
  return {
    screens: {
      overview: 'overview',
      flows: 'flows',
      flow: `flows/${flow.id}`,
      versions: `flows/${flow.id}/versions`,
      runs: 'runs',
      run: `runs/${run}`,
      approvals: 'approvals',
      triggers: 'triggers',
      'new trigger': 'triggers/new',
      trigger: door,
      'trigger requests': `${door}/requests`,
      'trigger capture': `${door}/capture`,
      'trigger settings': `${door}/settings`,
      'trigger history': `${door}/history`,
      secrets: 'secrets',
      tokens: 'tokens',
      history: `history?kind=flows&id=${flow.id}`,
      endpoints: 'endpoints',
      'new endpoint': 'endpoints/new',
      endpoint: `endpoints/${endpoint.uuid}`,
      'change endpoint': `endpoints/${endpoint.uuid}/edit`,
      deliveries: 'deliveries',
      compare: `deliveries/compare?a=${delivery}&b=${delivery}`,
      delivery: `deliveries/${delivery}`,
      replays: 'replays',
      'new replay': 'replays/new',
      replay: `replays/${replayId}`,
      events: 'events',
      event: `events/${event}`,
      'event types': 'event-types',
      'new event type': 'event-types/new',
      'event type': 'event-types/world.made',
      'change event type': 'event-types/world.made/edit',
      search: 'search',
      live: 'live',
      'find by id': 'timeline',
      timeline: `timeline/${run}`,
    },
    globals: {
      'dead letters': 'dead-letters',
      apps: 'apps',
      users: 'users',
      account: 'account',
      settings: 'settings',
    },
  };
}

/** Where a screen of it is. */
export function addressIn(app: TestApp, world: World, name: string): string {
  const own = world.screens[name];
  const global = world.globals[name];
  if (own === undefined && global === undefined) throw new Error(`there is no screen ${name}`);
  return own === undefined ? `${product.url()}/console/${global}` : app.screen(own);
}

import { derivedId, type FlowState, type TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';
import { IdempotencyKeys } from './idempotency-keys.ts';

let database: TestDatabase;
let replicas: RunningServices[];
let neighbours: Neighbours;
let flow: FlowState;
let syncFlow: FlowState;

beforeAll(async () => {
  database = await createTestDatabase();
  const start = (instanceId: string) =>
    startServices({
      services: [gatewayService, ...NEIGHBOURS],
      settings: testSettings(database.url, { instanceId }),
      logger: SILENT,
      soleWriter: false,
    });
  replicas = [await start('gateway-1'), await start('gateway-2')];
  neighbours = new Neighbours((replicas[0] as RunningServices).app.nest);
  flow = await neighbours.flow();
  syncFlow = await neighbours.flow({}, { steps: [], response: { mode: 'sync' } });
});
afterAll(async () => {
  await Promise.all((replicas ?? []).map((replica) => replica.close()));
  await database?.drop();
});

const KEY = { 'x-sluice-webhook-token': 'secret-token', 'content-type': 'application/json' };

interface Sent {
  trigger: TriggerState;
  key?: string;
  body?: string;
  replica?: 0 | 1;
  query?: string;
}

async function send({ trigger, key, body = '{"n":1}', replica = 0, query = '' }: Sent) {
  const headers = { ...KEY, ...(key === undefined ? {} : { 'idempotency-key': key }) };
  const url = `${replicas[replica]?.url}/t/${trigger.id}${query}`;
  const answer = await fetch(url, { method: 'POST', headers, body });
  const shown = (await answer.json()) as { id?: string; status?: string; code?: string };
  return { status: answer.status, headers: answer.headers, body: shown };
}

const runsOf = async (trigger: TriggerState): Promise<string[]> => {
  const { rows } = await database.pool.query<{ id: string }>(
    "select stream_id as id from gateway.events where type = 'TriggerAccepted' and data::json ->> 'triggerId' = $1",
    [trigger.id],
  );
  return rows.map((row) => row.id);
};

async function triggerOf(of: FlowState, change: Partial<TriggerState> = {}): Promise<TriggerState> {
  const trigger = await neighbours.trigger(of, change);
  const knows = async (replica: 0 | 1) => (await send({ trigger, body: '{', replica })).status !== 404;
  await waitFor(async () => (await knows(0)) && (await knows(1)));
  return trigger;
}

describe('GW-05: the same idempotency key', () => {
  it('is 202 previously_accepted with the run of the first request, at every replica', async () => {
    const trigger = await triggerOf(flow);
    const first = await send({ trigger, key: 'a' });
    expect(first).toMatchObject({ status: 202, body: { status: 'accepted' } });
    for (const replica of [0, 1, 1, 0] as const) {
      const again = await send({ trigger, key: 'a', replica });
      expect(again).toMatchObject({ status: 202, body: { status: 'previously_accepted', id: first.body.id } });
      expect(again.headers.get('location')).toContain(`/v1/runs/${first.body.id}`);
    }
    expect(await runsOf(trigger)).toEqual([first.body.id]);
  });

  it('with another body is 422, at every replica, and starts nothing; another query is the same request', async () => {
    const trigger = await triggerOf(flow);
    const first = await send({ trigger, key: 'b' });
    for (const replica of [0, 1] as const) {
      expect(await send({ trigger, key: 'b', replica, body: '{"n":2}' })).toMatchObject({
        status: 422,
        body: { code: 'idempotency_key_reused' },
      });
      expect(await send({ trigger, key: 'b', replica, query: '?try=2' })).toMatchObject({
        status: 202,
        body: { id: first.body.id, status: 'previously_accepted' },
      });
    }
    expect(await runsOf(trigger)).toEqual([first.body.id]);
  });

  it('of another trigger, or another key, is another request', async () => {
    const [one, two] = [await triggerOf(flow), await triggerOf(flow)];
    const ids = [
      await send({ trigger: one, key: 'c' }),
      await send({ trigger: two, key: 'c' }),
      await send({ trigger: one, key: 'd' }),
      await send({ trigger: one }),
      await send({ trigger: one }),
    ].map((answer) => [answer.status, answer.body.status, answer.body.id]);
    expect(ids.map(([status, text]) => [status, text])).toEqual(ids.map(() => [202, 'accepted']));
    expect(new Set(ids.map(([, , id]) => id)).size).toBe(5);
  });

  it('sent many times at once to two replicas starts one run, and disturbs nobody beside it', async () => {
    const trigger = await triggerOf(flow);
    const repeats = Array.from({ length: 60 }, (_, n) =>
      send({ trigger, key: `k${n % 3}`, replica: (n % 2) as 0 | 1, body: `{"n":${n % 3}}` }),
    );
    const others = Array.from({ length: 60 }, (_, n) => send({ trigger, replica: (n % 2) as 0 | 1 }));
    const answers = await Promise.all(repeats);
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 202));
    expect(answers.filter((answer) => answer.body.status === 'accepted')).toHaveLength(3);
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(3);
    expect((await Promise.all(others)).map((answer) => answer.body.status)).toEqual(others.map(() => 'accepted'));
    expect(await runsOf(trigger)).toHaveLength(63);
  });

  it('is taken from the trigger’s expression, a number like a text; the header counts where it gives nothing', async () => {
    const trigger = await triggerOf(flow, { idempotency: '{{ body.order_id }}' });
    const first = await send({ trigger, body: '{"order_id":7}' });
    expect(await send({ trigger, body: '{"order_id":7}', key: 'other', replica: 1 })).toMatchObject({
      body: { status: 'previously_accepted', id: first.body.id },
    });
    expect(await send({ trigger, body: '{"order_id":"7"}' })).toMatchObject({ status: 422 });
    const without = [await send({ trigger }), await send({ trigger }), await send({ trigger, key: 'h' })];
    expect(without.map((answer) => answer.body.status)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(await send({ trigger, key: 'h', replica: 1 })).toMatchObject({ body: { status: 'previously_accepted' } });
  });

  it('that is not fit for a key is 422, and nothing is stored', async () => {
    const trigger = await triggerOf(flow);
    expect(await send({ trigger, key: 'k'.repeat(256) })).toMatchObject({
      status: 422,
      body: { code: 'invalid_idempotency_key' },
    });
    expect(await runsOf(trigger)).toEqual([]);
  });

  it('is free again after 24 hours, before the sweep and after it', async () => {
    const trigger = await triggerOf(flow);
    const age = () =>
      database.pool.query("update gateway.idempotency_keys set accepted_at = now() - interval '24 hours 1 second'");
    const ids = [(await send({ trigger, key: 'e' })).body.id];
    await age();
    // The other replica has it neither in memory nor within its window.
    const second = await send({ trigger, key: 'e', replica: 1 });
    expect(second.body.status).toBe('accepted');
    ids.push(second.body.id);
    expect((await runsOf(trigger)).sort()).toEqual([...ids].sort());
    await age();
    await replicas[0]?.app.nest.get(IdempotencyKeys, { strict: false }).sweep();
    const { rows } = await database.pool.query('select 1 from gateway.idempotency_keys');
    expect(rows).toEqual([]);
  });

  it('of a request that was not accepted stays free', async () => {
    const trigger = await triggerOf(flow);
    expect((await send({ trigger, key: 'f', body: '{' })).status).toBe(422);
    expect(await send({ trigger, key: 'f' })).toMatchObject({ status: 202, body: { status: 'accepted' } });
  });
});

describe('GW-05: the same idempotency key of a caller that waits', () => {
  it('is 409 with the Location while the run goes on, and its stored answer afterwards', async () => {
    const trigger = await triggerOf(syncFlow);
    const waiting = send({ trigger, key: 's' });
    const [runId] = await waitFor(async () => {
      const runs = await runsOf(trigger);
      return runs.length > 0 ? runs : null;
    }, 10_000);
    for (const replica of [0, 1] as const) {
      const meanwhile = await send({ trigger, key: 's', replica });
      expect(meanwhile).toMatchObject({ status: 409, body: { code: 'idempotency_key_in_use' } });
      expect(meanwhile.headers.get('location')).toBe(`${replicas[replica]?.url}/v1/runs/${runId}`);
      expect(meanwhile.headers.get('retry-after')).toBe('1');
    }
    await neighbours.answer(
      runId as string,
      { status: 201, body: '{"made":7}' },
      derivedId('answer', runId as string, ''),
    );
    expect(await waiting).toMatchObject({ status: 201, body: { made: 7 } });
    for (const replica of [0, 1] as const) {
      expect(await send({ trigger, key: 's', replica })).toMatchObject({ status: 201, body: { made: 7 } });
      expect((await send({ trigger, key: 's', replica, body: '{"n":2}' })).status).toBe(422);
    }
    expect(await runsOf(trigger)).toEqual([runId]);
  });

  it('a failed run is repeated as failed, with its Location', async () => {
    const trigger = await triggerOf(syncFlow);
    const waiting = send({ trigger, key: 's' });
    const [runId] = await waitFor(async () => {
      const runs = await runsOf(trigger);
      return runs.length > 0 ? runs : null;
    }, 10_000);
    const failed = { runStatus: 'failed' as const, error: { code: 'x', message: 'no', ref: null } };
    await neighbours.answer(runId as string, failed, derivedId('answer', runId as string, ''));
    expect((await waiting).status).toBe(500);
    const again = await send({ trigger, key: 's', replica: 1 });
    expect(again).toMatchObject({ status: 500, body: { code: 'run_failed' } });
    expect(again.headers.get('location')).toContain(runId);
  });
});

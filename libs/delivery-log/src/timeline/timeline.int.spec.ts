import { derivedId, newId } from '@sluice/contracts';
import type { StoredEvent } from '@sluice/event-store';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryLogService } from '../delivery-log.service.ts';
import { eventOf, exampleStory, type Story } from '../example-events.fixture.ts';
import { oneStatement } from '../read-model/one-statement.ts';
import { topicWrites } from '../read-model/topic-writes.ts';
import { DayPartitions } from '../retention/day-partitions.ts';
import { DAY_MS, dayOf } from '../retention/log-tables.ts';
import type { TimelineNode } from './timeline-node.ts';
import { TimelineRowsQuery } from './timeline-rows.query.ts';
import { timelineTree } from './timeline-tree.ts';

const TODAY = dayOf(Date.parse('2026-11-23T00:00:00Z'));
const DAYS = 8;
const onDay = (ago: number): string => newId((TODAY - ago) * DAY_MS + 1_000 + ago);

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
  pool = database.pool;
  await new DayPartitions(pool).make(Array.from({ length: DAYS }, (_, ago) => TODAY - ago));
});
afterAll(() => database.drop());

async function tell(events: readonly StoredEvent[]): Promise<void> {
  for (const event of events) {
    const query = oneStatement(topicWrites(event.topic, [event]));
    if (query) await pool.query(query);
  }
}
const tellStory = ({ gateway, runner, dispatcher }: Story) => tell([...gateway, ...runner, ...dispatcher]);

async function timelineOf(id: string, db: Pool = pool): Promise<TimelineNode> {
  const query = new TimelineRowsQuery(db);
  const place = await query.rootOf(id);
  return timelineTree(await query.rowsOf(place as NonNullable<typeof place>)) as TimelineNode;
}
const all = (node: TimelineNode): TimelineNode[] => [node, ...node.children.flatMap(all)];
const idsOf = (node: TimelineNode, kind: TimelineNode['kind']): string[] =>
  all(node)
    .filter((each) => each.kind === kind)
    .map(({ id }) => id);

/** The same event, told of another stream and with other data. */
const like = ({ topic, version, type, appId, data }: StoredEvent, streamId: string, change: object): StoredEvent =>
  eventOf(topic, streamId, version, type, appId as string, { ...(data as object), ...change });

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Loops': number;
  Plans?: Plan[];
}
const scanned = (plan: Plan): string[] => [
  ...(plan['Relation Name'] && plan['Actual Loops'] > 0 ? [plan['Relation Name']] : []),
  ...(plan.Plans ?? []).flatMap(scanned),
];

/** The pool, and which partitions its statements have looked at. */
function watched(seen: string[]): Pool {
  const query = async (text: string, values: unknown[]) => {
    const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, timing off, format json) ${text}`,
      values,
    );
    seen.push(...scanned((rows[0] as (typeof rows)[0])['QUERY PLAN'][0].Plan));
    return pool.query(text, values);
  };
  return { query } as unknown as Pool;
}

describe('LG-01: the timeline of a request', () => {
  it('looks at one partition of each table: that of the day which the id carries', async () => {
    const stories = Array.from({ length: DAYS }, (_, ago) => exampleStory(undefined, undefined, onDay(ago)));
    for (const story of stories) await tellStory(story);
    const { requestId, eventId, deliveryId } = stories[3] as Story;
    for (const id of [requestId, eventId, deliveryId]) {
      const seen: string[] = [];
      expect(all(await timelineOf(id, watched(seen)))).toHaveLength(7);
      const tables = ['attempts', 'deliveries', 'domain_events', 'led_to', 'requests', 'runs', 'steps'];
      expect([...new Set(seen)].sort()).toEqual(tables.map((name) => `${name}_p20261120`));
    }
  });

  it('tells the trace of request, run and attempts, and how long run, delivery and attempts waited', async () => {
    const story = exampleStory();
    await tellStory(story);
    const nodes = all(await timelineOf(story.eventId));
    const detailOf = (kind: TimelineNode['kind'], name: string) =>
      nodes.filter((node) => node.kind === kind).map(({ detail }) => detail[name]);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    expect(detailOf('request', 'traceId')).toEqual([traceId]);
    expect(detailOf('run', 'traceId')).toEqual([traceId]);
    expect(detailOf('attempt', 'traceId')).toEqual([traceId, traceId]);
    expect(detailOf('run', 'queueMs')).toEqual([10]);
    // Planned at :00, tried at :01; the second was due at :06 and came, in this story, before.
    expect(detailOf('delivery', 'queueMs')).toEqual([1_000]);
    expect(detailOf('attempt', 'queueMs')).toEqual([1_000, 0]);
  });

  it('an attempt has the trace that its receiver was told', async () => {
    const story = exampleStory();
    const told = 'ffffffffffffffffffffffffffffffff';
    const [recorded, first] = story.dispatcher as [StoredEvent, StoredEvent];
    const request = { method: 'POST', url: 'http://shop', headers: { traceparent: `00-${told}-b7ad6b7169203331-01` } };
    await tell([...story.runner, recorded, like(first, first.streamId, { request: { ...request, body: '' } })]);
    const nodes = all(await timelineOf(story.deliveryId));
    expect(nodes.find(({ kind }) => kind === 'attempt')?.detail.traceId).toBe(told);
  });

  it('has what came of it days later: retries, their runs, and events of a run that waited', async () => {
    const story = exampleStory(undefined, undefined, onDay(6));
    await tellStory(story);
    const [started, , finished] = story.runner as [StoredEvent, StoredEvent, StoredEvent];
    const retry = onDay(2);
    const child = derivedId('child', retry, 'sub');
    for (const run of [retry, child]) await tell([like(started, run, {}), like(finished, run, {})]);
    const late = onDay(1);
    await tell([like(story.dispatcher[0] as StoredEvent, late, { eventId: late, deliveries: [] })]);
    const root = await timelineOf(story.requestId);
    expect(idsOf(root, 'run')).toEqual([story.requestId, child, retry].sort());
    expect(idsOf(root, 'event').sort()).toEqual([story.eventId, late].sort());
    for (const id of [retry, child, late]) expect(all(await timelineOf(id))).toHaveLength(all(root).length);
  });

  it('of a retry whose request is no longer kept shows the retry', async () => {
    const [started, , finished] = exampleStory(undefined, undefined, onDay(6)).runner as [
      StoredEvent,
      StoredEvent,
      StoredEvent,
    ];
    const retry = onDay(0);
    await tell([like(started, retry, {}), like(finished, retry, {})]);
    await pool.query('truncate delivery_log.led_to');
    expect(idsOf(await timelineOf(retry), 'run')).toEqual([retry]);
  });

  it('a step that was under way when its run ended is cancelled, at that time', async () => {
    const story = exampleStory();
    const [started, , finished] = story.runner as [StoredEvent, StoredEvent, StoredEvent];
    const waits = {
      ref: 'nap',
      type: 'delay',
      until: '2026-11-23T10:00:00.000Z',
      startedAt: '2026-11-22T10:00:00.010Z',
    };
    const waiting = eventOf('runner.events', story.requestId, 2, 'RunWaiting', story.appId, waits);
    await tell([...story.gateway, started, waiting]);
    const nap = async () => all(await timelineOf(story.requestId)).find(({ title }) => title === 'nap');
    expect(await nap()).toMatchObject({ status: 'waiting', endedAt: null });
    await tell([finished]);
    const run = all(await timelineOf(story.requestId)).find(({ kind }) => kind === 'run');
    expect(await nap()).toMatchObject({ status: 'cancelled', endedAt: run?.endedAt });
  });

  it('has the call of a step that waited for a webhook, with its attempt, below the step', async () => {
    const story = exampleStory();
    const call = derivedId('step', story.requestId, 'ask');
    const [started] = story.runner as [StoredEvent];
    const step = { ref: 'ask', type: 'call_webhook', attempt: 1, input: null, startedAt: '2026-11-22T10:00:00.010Z' };
    const begun = eventOf('runner.events', story.requestId, 2, 'StepStarted', story.appId, {
      ...step,
      idempotencyKey: call,
    });
    const attempt = like(story.dispatcher[1] as StoredEvent, call, {
      deliveryId: call,
      eventId: call,
      endpointName: 'Ask',
      outcome: 'succeeded',
    });
    await tell([...story.gateway, started, begun, { ...attempt, data: attempt.data, topic: 'runner.events' }]);
    for (const id of [story.requestId, call]) {
      const node = all(await timelineOf(id)).find(({ kind }) => kind === 'step');
      expect(node?.children.map(({ kind, causedBy }) => [kind, causedBy])).toEqual([['delivery', node?.id]]);
      expect(node?.children[0]?.children.map(({ kind }) => kind)).toEqual(['attempt']);
    }
  });
});

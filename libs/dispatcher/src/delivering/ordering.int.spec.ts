import {
  createTestDatabase,
  type RecordedRequest,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';
import { OwnershipConfig } from '../ownership/ownership.config.ts';
import { SlotOwnership } from '../ownership/slot-ownership.ts';

let database: TestDatabase;
let all: RunningServices[] = [];
let neighbours: Neighbours;
let receiver: RecordingReceiver;

async function start(instanceId: string, soleWriter: boolean): Promise<RunningServices> {
  const services = [dispatcherService, ...NEIGHBOURS];
  const settings = testSettings(database.url, { instanceId });
  const running = await startServices({ services, settings, logger: SILENT, soleWriter });
  Object.assign(running.app.nest.get(OwnershipConfig, { strict: false }), { beatMs: 50 });
  all.push(running);
  return running;
}

beforeEach(async () => {
  database = await createTestDatabase();
  receiver = await recordingReceiver();
});
afterEach(async () => {
  for (const running of all.splice(0)) await running.close();
  all = [];
  await receiver?.close();
  await database?.drop();
});

const bodyOf = (request: RecordedRequest) =>
  JSON.parse(request.text) as { eventId: string; entityId: string; entity: { number: number } };
/** The numbers of a subject’s events in the order in which they arrived. */
const numbersOf = (subject: string): number[] =>
  receiver.requests.flatMap((request) => {
    const { entityId, entity } = bodyOf(request);
    return entityId === subject ? [entity.number] : [];
  });
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('DL-05: an ordering key', () => {
  beforeEach(async () => {
    neighbours = new Neighbours((await start('one', true)).app.nest);
  });

  it('is first in, first out: one that fails is tried again before the next of its key, and holds up no other key', async () => {
    const seen = new Map<string, number>();
    receiver.respond((request) => {
      const { eventId, entityId, entity } = bodyOf(request);
      const tries = (seen.get(eventId) ?? 0) + 1;
      seen.set(eventId, tries);
      return { status: entityId === 'bad' && entity.number === 1 && tries <= 2 ? 500 : 204, delayMs: 3 };
    });
    await neighbours.endpoint({
      url: receiver.url,
      ordering: '{{ event.subject }}',
      retrySchedule: ['PT0S', 'PT2S', 'PT0.2S'],
    });
    await neighbours.settled();
    await neighbours.emit(5, { subject: 'bad' });
    await neighbours.emit(30, { subject: 'good' });
    await waitFor(() => numbersOf('good').length === 30);
    expect(numbersOf('good')).toEqual(upTo(30));
    expect(numbersOf('bad')).toEqual([0, 1]);
    await waitFor(async () => (await neighbours.due()).length === 0, 20_000);
    expect(numbersOf('bad')).toEqual([0, 1, 1, 1, 2, 3, 4]);
  });

  it('goes on behind one that was given up, and survives a restart in the middle of a wait', async () => {
    receiver.respond((request) => ({ status: bodyOf(request).entity.number === 0 ? 500 : 204 }));
    await neighbours.endpoint({ url: receiver.url, ordering: 'endpoint', retrySchedule: ['PT0S', 'PT1.5S'] });
    await neighbours.settled();
    await neighbours.emit(4);
    await waitFor(async () => (await neighbours.attempts()).length === 1);
    await all.pop()?.close();
    neighbours = new Neighbours((await start('one', true)).app.nest);
    await waitFor(async () => (await neighbours.due()).length === 0, 20_000);
    expect(receiver.requests.map((request) => bodyOf(request).entity.number)).toEqual([0, 0, 1, 2, 3]);
    const [first, second] = await neighbours.attempts();
    expect(Date.parse(second?.at ?? '') - Date.parse(first?.at ?? '')).toBeGreaterThan(1100);
  });

  it('of an endpoint is the same for all its events, and other endpoints have their own', async () => {
    await neighbours.endpoint({ url: `${receiver.url}/1`, ordering: 'endpoint', concurrency: 10 });
    await neighbours.endpoint({ url: `${receiver.url}/2`, ordering: 'endpoint', concurrency: 10 });
    await neighbours.settled();
    for (const subject of ['a', 'b', 'c']) await neighbours.emit(10, { subject });
    await receiver.waitFor(60);
    for (const path of ['/1', '/2']) {
      const times = receiver.requests.filter((request) => request.path === path).map((request) => bodyOf(request));
      expect(times.map(({ entity }) => entity.number)).toEqual([...upTo(10), ...upTo(10), ...upTo(10)]);
    }
  });

  it('that cannot be told is one key, so that the order is kept', async () => {
    await neighbours.endpoint({ url: receiver.url, ordering: '{{ event.data.number // 0 }}' });
    await neighbours.settled();
    await neighbours.emit(10);
    await receiver.waitFor(10);
    expect(numbersOf('42')).toEqual(upTo(10));
  });
});

describe('several dispatchers', () => {
  const slotsOf = (running: RunningServices): number =>
    Array.from({ length: 256 }, (_, slot) => slot.toString(16).padStart(2, '0')).filter((byte) =>
      running.app.nest.get(SlotOwnership, { strict: false }).owns(`01999999-0000-7000-8000-0000000000${byte}`),
    ).length;

  it('share the endpoints, keep cap and order together, and who leaves is replaced at once', async () => {
    const one = await start('one', false);
    const two = await start('two', false);
    neighbours = new Neighbours(one.app.nest);
    await waitFor(() => slotsOf(one) === 128 && slotsOf(two) === 128);
    const open = new Map<string, number>();
    let most = 0;
    receiver.respond(async (request) => {
      const now = (open.get(request.path) ?? 0) + 1;
      open.set(request.path, now);
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open.set(request.path, (open.get(request.path) ?? 1) - 1);
      return { status: 204 };
    });
    for (let index = 0; index < 6; index++) {
      await neighbours.endpoint({ url: `${receiver.url}/ordered-${index}`, ordering: 'event.subject', concurrency: 2 });
      await neighbours.endpoint({ url: `${receiver.url}/plain-${index}`, concurrency: 2 });
    }
    await neighbours.settled();
    for (const subject of ['a', 'b', 'c']) await neighbours.emit(10, { subject });
    await receiver.waitFor(12 * 30, 30_000);
    await all.splice(all.indexOf(two), 1)[0]?.close();
    await waitFor(() => slotsOf(one) === 256);
    for (const subject of ['a', 'b', 'c']) await neighbours.emit(10, { subject });
    await receiver.waitFor(12 * 60, 30_000);
    await waitFor(async () => (await neighbours.due()).length === 0);
    expect(most).toBeLessThanOrEqual(2);
    expect(receiver.requests).toHaveLength(12 * 60);
    for (let index = 0; index < 6; index++) {
      const mine = receiver.requests.filter((request) => request.path === `/ordered-${index}`).map(bodyOf);
      for (const subject of ['a', 'b', 'c']) {
        const numbers = mine.filter(({ entityId }) => entityId === subject).map(({ entity }) => entity.number);
        expect(numbers).toEqual([...upTo(10), ...upTo(10)]);
      }
    }
  });

  it('one that joins gets its share only after what was under way there has ended', async () => {
    const one = await start('one', false);
    neighbours = new Neighbours(one.app.nest);
    await waitFor(() => slotsOf(one) === 256);
    let open = 0;
    let most = 0;
    receiver.respond(async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 20));
      open--;
      return { status: 204 };
    });
    // Its last byte is in the upper half of the slots, which the first one gives away.
    const uuid = '01999999-0000-7000-8000-0000000000ff';
    await neighbours.endpoint({ url: receiver.url, uuid, ordering: 'endpoint' });
    await neighbours.settled();
    await neighbours.emit(60);
    await receiver.waitFor(5);
    const two = await start('two', false);
    await waitFor(() => two.app.nest.get(SlotOwnership, { strict: false }).owns(uuid));
    expect(one.app.nest.get(SlotOwnership, { strict: false }).owns(uuid)).toBe(false);
    await receiver.waitFor(60, 30_000);
    await waitFor(async () => (await neighbours.due()).length === 0);
    expect(most).toBe(1);
    expect(numbersOf('42')).toEqual(upTo(60));
  });
});

import { eventually } from '@sluice/testing';
import { derivedId, newId } from '@sluice/contracts';
import { TransientError } from '@sluice/event-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BusEvent } from '../bus.contract.ts';
import { accept, type BusProcess, type BusWorld, commits, event, versionsOf } from './bus-world.fixture.ts';

/** What every bus promises while nothing is wrong, and the checkpoint. */
export function describeDelivery(name: string, createWorld: () => Promise<BusWorld>): void {
  describe(`${name}: delivery`, () => {
    let world: BusWorld;
    beforeEach(async () => {
      world = await createWorld();
    });
    afterEach(() => world.remove());

    it('a new group gets every event once, from the earliest, in order per stream', async () => {
      const before = await world.start();
      const old = await accept(before, ['A', 'B', 'C']);
      const process = await world.start({
        consumers: (bus, self) => bus.consume('gateway.events', { group: 'runner' }, commits(self)),
      });
      const streams = await Promise.all(Array.from({ length: 20 }, () => accept(process, ['A', 'B', 'C', 'D'])));
      await eventually(async () => expect(await world.effects()).toHaveLength(83));
      const effects = await world.effects();
      expect(versionsOf(effects, old)).toEqual([1, 2, 3]);
      for (const stream of streams) expect(versionsOf(effects, stream)).toEqual([1, 2, 3, 4]);
    });

    it('two groups on one topic each get every event, and one process may hold both', async () => {
      const seen: string[] = [];
      const process = await world.start({
        consumers: (bus, self) => {
          bus.consume('gateway.events', { group: 'runner' }, commits(self));
          bus.consume('gateway.events', { group: 'runner:count' }, async (batch) => {
            seen.push(...batch.events.map((each: BusEvent) => each.streamId));
          });
        },
      });
      const streams = await Promise.all(Array.from({ length: 10 }, () => accept(process)));
      await eventually(async () => expect(await world.effects()).toHaveLength(10));
      await eventually(() => expect(new Set(seen)).toEqual(new Set(streams)));
    });

    it('an event arrives as it was appended: data, meta, body, app, key, version of its type', async () => {
      const seen: BusEvent[] = [];
      const process = await world.start({
        consumers: (bus) =>
          bus.consume('gateway.events', { group: 'runner' }, async (batch) => void seen.push(...batch.events)),
      });
      const streamId = newId();
      const meta = {
        correlationId: newId(),
        causationId: newId(),
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        hops: 3,
        actor: { type: 'token', id: 'ä 42' },
      };
      const data = { text: 'Grüße \u0000 \ud83d\ude00', nested: [1, null, { a: 'b' }] };
      const body = Buffer.from([0, 1, 2, 255, 254, 10, 13]);
      const occurredAt = new Date('2026-01-02T03:04:05.678Z');
      const appended = event('TriggerAccepted', data, { meta, body, typeVersion: 3, partitionKey: 'key', occurredAt });
      await process.store('gateway').append(streamId, 0, [appended]);
      await eventually(() => expect(seen.length).toBeGreaterThan(0));
      const [first] = seen;
      expect(first).toMatchObject({ topic: 'gateway.events', streamId, version: 1, type: 'TriggerAccepted', meta });
      expect(first).toMatchObject({ typeVersion: 3, appId: 'app', partitionKey: 'key', occurredAt, data });
      expect(first?.dataJson).toBe(JSON.stringify(data));
      expect(first?.body?.equals(body)).toBe(true);
    });

    it('events of other types are passed over, and count as applied after a restart', async () => {
      const types: string[] = [];
      const start = () =>
        world.start({
          consumers: (bus) =>
            bus.consume('gateway.events', { group: 'runner', types: ['A', 'C'] }, async (batch) => {
              types.push(...batch.events.map((each: BusEvent) => each.type));
            }),
        });
      const first = await start();
      const stream = await accept(first, ['A', 'B', 'C', 'B', 'B']);
      await eventually(() => expect(types.filter((type) => type === 'C')).not.toHaveLength(0));
      await first.close();
      types.length = 0;
      const second = await start();
      await accept(second, ['B', 'A'], { id: stream, after: 5 });
      await eventually(() => expect(types).toContain('A'));
      expect(new Set(types)).toEqual(new Set(['A']));
    });

    it('a batch never holds more events than the consumer asks for', async () => {
      const sizes: number[] = [];
      const before = await world.start();
      await accept(
        before,
        Array.from({ length: 25 }, () => 'A'),
      );
      await world.start({
        consumers: (bus) =>
          bus.consume('gateway.events', { group: 'runner', maxBatch: 4 }, async (batch) => {
            sizes.push(batch.events.length);
          }),
      });
      await eventually(() => expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThanOrEqual(25));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(4);
    });

    it('one that is far behind gets every event once and in order, also when batches of it fail in between', async () => {
      let batches = 0;
      const versions = Array.from({ length: 60 }, (_, index) => index + 1);
      const before = await world.start();
      const stream = await accept(
        before,
        versions.map(() => 'A'),
      );
      const process = await world.start({
        failpoint: (point) => {
          if (point === 'bus.after-handler' && [3, 7].includes(++batches)) throw new TransientError('crashed');
        },
        consumers: (bus, self) => bus.consume('gateway.events', { group: 'runner', maxBatch: 4 }, commits(self)),
      });
      await eventually(async () => expect(await world.effects()).toHaveLength(60));
      expect(versionsOf(await world.effects(), stream)).toEqual(versions);
      const later = await accept(process, ['A', 'B']);
      await eventually(async () => expect(versionsOf(await world.effects(), later)).toEqual([1, 2]));
      expect(batches).toBeGreaterThan(7);
    });

    it('0500: events that one append stored together come once and in order when batches end and fail between them', async () => {
      let batches = 0;
      const versions = Array.from({ length: 10 }, (_, index) => index + 1);
      const meta = { correlationId: newId(), causationId: null };
      const before = await world.start();
      const append = async (process: BusProcess): Promise<string> => {
        const id = newId();
        const events = versions.map((number) => event('A', { number }, { meta }));
        await process.store('runner').append(id, 0, events, { topic: 'runner.events' });
        return id;
      };
      const streams = [await append(before), await append(before), await append(before)];
      const process = await world.start({
        failpoint: (point) => {
          if (point === 'bus.after-handler' && [2, 5].includes(++batches)) throw new TransientError('crashed');
        },
        consumers: (bus, self) => bus.consume('runner.events', { group: 'runner', maxBatch: 3 }, commits(self)),
      });
      await eventually(async () => expect(await world.effects()).toHaveLength(30));
      streams.push(await append(process));
      await eventually(async () => expect(await world.effects()).toHaveLength(40));
      for (const stream of streams) expect(versionsOf(await world.effects(), stream)).toEqual(versions);
      expect(batches).toBeGreaterThan(9);
    });

    it('a crash between the commit of a handler and the bus has no second effect (checkpoint in its transaction)', async () => {
      let crashes = 0;
      const crash = (point: string): void => {
        if (point === 'bus.after-handler' && crashes++ < 3) throw new TransientError('crashed after the commit');
      };
      const process = await world.start({
        failpoint: crash,
        consumers: (bus, self) => bus.consume('gateway.events', { group: 'runner' }, commits(self)),
      });
      const streams = await Promise.all(Array.from({ length: 5 }, () => accept(process, ['A', 'B'])));
      await eventually(async () => expect(await world.effects()).toHaveLength(10));
      await accept(process);
      await eventually(async () => expect(await world.effects()).toHaveLength(11));
      expect(crashes).toBeGreaterThan(0);
      for (const stream of streams) expect(versionsOf(await world.effects(), stream)).toEqual([1, 2]);
    });

    it('a handler that leaves the checkpoint to the bus gets a batch again after a crash: derived ids make it one effect', async () => {
      const crashed = new Set<string>();
      let calls = 0;
      const process = await world.start({
        failpoint: (point) => {
          if (point !== 'bus.after-handler' || crashed.has(point)) return;
          crashed.add(point);
          throw new TransientError('crashed before the checkpoint');
        },
        consumers: (bus, self) =>
          bus.consume('gateway.events', { group: 'runner' }, async (batch) => {
            calls++;
            for (const each of batch.events as readonly BusEvent[]) {
              const id = derivedId('effect', each.streamId, String(each.version));
              const store = self.store('runner');
              const done = await store.read(id);
              if (done.length === 0) await store.append(id, 0, [event('Done', {})]);
            }
          }),
      });
      const stream = await accept(process);
      await eventually(() => expect(calls).toBeGreaterThanOrEqual(2));
      expect(await process.store('runner').read(derivedId('effect', stream, '1'))).toHaveLength(1);
    });

    it('everyInstance begins at the moment it joined, gets everything after it, and is ready only then', async () => {
      const before = await world.start({
        consumers: (bus, self) => bus.consume('gateway.events', { group: 'runner:old' }, commits(self)),
      });
      await accept(before, ['Old', 'Old']);
      // On Kafka the end of a topic is where the relay has come to, not where the table ends.
      await eventually(async () => expect(await world.effects()).toHaveLength(2));
      const seen: string[] = [];
      const process = await world.start({
        consumers: (bus) =>
          bus.consume('gateway.events', { group: 'runner', mode: 'everyInstance' }, async (batch) => {
            seen.push(...batch.events.map((each: BusEvent) => `${each.type} ${each.streamId}`));
          }),
      });
      await process.bus.ready();
      expect(process.bus.statuses()[0]).toMatchObject({ joined: true });
      const streams: string[] = [];
      for (let count = 0; count < 10; count++) streams.push(await accept(process, ['New']));
      await eventually(() => expect(seen).toHaveLength(10));
      expect(new Set(seen)).toEqual(new Set(streams.map((stream) => `New ${stream}`)));
    });

    it('everyInstance: what fails for good is counted and never blocks; what is transient is tried again', async () => {
      const seen: string[] = [];
      let away = 2;
      const process = await world.start({
        consumers: (bus) =>
          bus.consume('gateway.events', { group: 'runner', mode: 'everyInstance' }, async (batch) => {
            if (away-- > 0) throw new TransientError('something is away');
            const types = batch.events.map((each: BusEvent) => each.type);
            if (types.includes('Bad')) throw new TypeError('cannot be understood');
            seen.push(...types);
          }),
      });
      await process.bus.ready();
      await accept(process, ['First', 'Bad', 'Last']);
      await eventually(() => expect(seen).toContain('Last'));
      expect(seen).toContain('First');
      expect(seen).not.toContain('Bad');
      expect(process.bus.statuses()[0]).toMatchObject({ failed: 1 });
      expect(await process.letters.list()).toEqual([]);
    });

    it('a bus whose handler hangs still closes within its bound', async () => {
      let entered = false;
      const process = await world.start({
        consumers: (bus) =>
          bus.consume('gateway.events', { group: 'runner' }, async (batch) => {
            entered = true;
            await new Promise<void>((resolve) => batch.signal.addEventListener('abort', () => resolve()));
            throw new Error('stopped in the middle');
          }),
      });
      await accept(process);
      await eventually(() => expect(entered).toBe(true));
      const began = performance.now();
      await process.close();
      expect(performance.now() - began).toBeLessThan(12_000);
      const after = await world.start();
      expect(await after.letters.list()).toEqual([]);
    });
  });
}

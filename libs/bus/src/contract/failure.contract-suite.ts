import { eventually } from '@sluice/testing';
import type { DeadLetterCommand, EventParked, EventRedriven } from '@sluice/contracts';
import { newId } from '@sluice/contracts';
import { TransientError } from '@sluice/event-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BusEvent, EventBatch } from '../bus.contract.ts';
import { accept, type BusProcess, type BusWorld, commits, event, versionsOf } from './bus-world.fixture.ts';

const GROUP = 'runner';

/** A handler that refuses what `refuses` says, and commits everything else with its checkpoint. */
function picky(refuses: (event: BusEvent) => boolean) {
  return (bus: BusProcess['bus'], self: BusProcess): void =>
    bus.consume('gateway.events', { group: GROUP }, async (batch: EventBatch) => {
      if (batch.events.some(refuses)) throw new TypeError('the event cannot be understood');
      await commits(self)(batch);
    });
}

async function announced(process: BusProcess, deadLetterId: string): Promise<string[]> {
  const events = await process.store('runner').read(deadLetterId);
  return events.map(({ type, data }) => {
    if (type === 'EventParked') return `${type} ${(data as EventParked).reason}`;
    return `${type} ${(data as EventRedriven).outcome}`;
  });
}

/** What every bus promises when handlers fail: transient errors pause, permanent ones park. */
export function describeFailure(name: string, createWorld: () => Promise<BusWorld>): void {
  describe(`${name}: failure`, () => {
    let world: BusWorld;
    beforeEach(async () => {
      world = await createWorld();
    });
    afterEach(() => world.remove());

    it('a transient error pauses, says why, parks nothing, and goes on by itself when it is over', async () => {
      let isAway = true;
      const process = await world.start({
        consumers: (bus, self) =>
          bus.consume('gateway.events', { group: GROUP }, async (batch) => {
            if (isAway) throw new TransientError('the mail server is away');
            await commits(self)(batch);
          }),
      });
      const streams = await Promise.all(Array.from({ length: 5 }, () => accept(process, ['A', 'B'])));
      await eventually(() => expect(process.bus.statuses()[0]?.pausedBecause).toMatch(/mail server/));
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect(await world.effects()).toEqual([]);
      isAway = false;
      await eventually(async () => expect(await world.effects()).toHaveLength(10));
      for (const stream of streams) expect(versionsOf(await world.effects(), stream)).toEqual([1, 2]);
      expect(await process.letters.list()).toEqual([]);
      await eventually(() => expect(process.bus.statuses()[0]?.pausedBecause).toBeNull());
    });

    it('the database away: consumers pause and go on for ever, nothing is lost, doubled or dead-lettered', async () => {
      const process = await world.start({
        consumers: (bus, self) => bus.consume('gateway.events', { group: GROUP }, commits(self)),
      });
      const first = await accept(process, ['A', 'B']);
      await eventually(async () => expect(await world.effects()).toHaveLength(2));
      const during = newId();
      const appending = (async () => {
        for (let version = 0; version < 40; ) {
          try {
            await process.store('gateway').append(during, version, [event('A')]);
            version++;
          } catch {
            // Unknown outcome: the stream itself says whether the append happened.
            version = await lengthOf(process, during, version);
          }
          await new Promise((resolve) => setTimeout(resolve, 25));
        }
      })();
      await world.databaseAway();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await world.databaseBack();
      await appending;
      await eventually(async () => expect(await world.effects()).toHaveLength(42));
      const effects = await world.effects();
      expect(versionsOf(effects, first)).toEqual([1, 2]);
      expect(versionsOf(effects, during)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
      expect(await process.letters.list()).toEqual([]);
    }, 60_000);

    it('a poisoned event is parked with its stream while its neighbours go on', async () => {
      const process = await world.start({ consumers: picky((each) => each.type === 'Bad') });
      const neighbours = await Promise.all(Array.from({ length: 6 }, () => accept(process, ['A', 'B', 'C'])));
      const poisoned = newId();
      const body = Buffer.from([1, 0, 255]);
      const events = [event('A'), event('Bad', { why: 'ä' }, { body }), event('C')];
      await process.store('gateway').append(poisoned, 0, events);
      await accept(process, ['D'], { id: poisoned, after: 3 });
      const later = await Promise.all(Array.from({ length: 6 }, () => accept(process, ['A', 'B', 'C'])));
      await eventually(async () => expect(await world.effects()).toHaveLength(37));
      await eventually(async () => expect(await process.letters.list()).toHaveLength(3));
      const effects = await world.effects();
      for (const stream of [...neighbours, ...later]) expect(versionsOf(effects, stream)).toEqual([1, 2, 3]);
      expect(versionsOf(effects, poisoned)).toEqual([1]);
      const letters = (await process.letters.list()).sort((a, b) => a.version - b.version);
      expect(letters.map(({ version, reason, type }) => [version, reason, type])).toEqual([
        [2, 'failed', 'Bad'],
        [3, 'behind', 'C'],
        [4, 'behind', 'D'],
      ]);
      const [bad] = letters;
      expect(bad).toMatchObject({ group: GROUP, topic: 'gateway.events', streamId: poisoned });
      expect(bad?.error).toEqual({ name: 'TypeError', message: 'the event cannot be understood' });
      expect(bad?.message).toMatchObject({ kind: 'event', dataJson: '{"why":"ä"}', body });
      expect(await announced(process, bad?.id ?? '')).toEqual(['EventParked failed']);
      expect(process.bus.statuses()[0]).toMatchObject({ parkedStreams: 1, failed: 3 });
    });

    it('what was parked stays parked behind its stream for the process that takes over', async () => {
      const first = await world.start({ consumers: picky((each) => each.type === 'Bad') });
      const poisoned = await accept(first, ['Bad']);
      await eventually(async () => expect(await first.letters.list()).toHaveLength(1));
      await first.close();
      const second = await world.start({ consumers: picky(() => false) });
      await accept(second, ['B'], { id: poisoned, after: 1 });
      await eventually(async () => expect(await second.letters.list()).toHaveLength(2));
      expect(await world.effects()).toEqual([]);
    });

    it('redriving keeps the order of the stream, and what is appended meanwhile follows', async () => {
      let isMended = false;
      const process = await world.start({ consumers: picky((each) => !isMended && each.type === 'Bad') });
      const stream = await accept(process, ['A', 'Bad', 'C', 'D']);
      await eventually(async () => expect(await process.letters.list()).toHaveLength(3));
      const letters = (await process.letters.list()).sort((a, b) => a.version - b.version);
      const [bad, behind] = letters;
      expect(await process.letters.redrive(behind?.id ?? '')).toBe('failed');
      expect(await announced(process, bad?.id ?? '')).toEqual(['EventParked failed', 'EventParked failed']);
      isMended = true;
      const appending = (async () => {
        for (let after = 4; after < 14; after++) await accept(process, ['E'], { id: stream, after });
      })();
      expect(await process.letters.redrive(bad?.id ?? '')).toBe('handled');
      await appending;
      const all = Array.from({ length: 14 }, (_, index) => index + 1);
      await eventually(async () => expect(versionsOf(await world.effects(), stream)).toEqual(all));
      expect(await process.letters.list()).toEqual([]);
      await eventually(() => expect(process.bus.statuses()[0]).toMatchObject({ parkedStreams: 0 }));
      for (const letter of letters) {
        const last = (await announced(process, letter.id)).at(-1);
        expect(last).toBe('EventRedriven handled');
      }
    });

    it('the same letter redriven twice, at the same time and again, has one effect', async () => {
      let isMended = false;
      const process = await world.start({ consumers: picky((each) => !isMended && each.type === 'Bad') });
      const stream = await accept(process, ['Bad', 'B']);
      await eventually(async () => expect(await process.letters.list()).toHaveLength(2));
      const [bad] = (await process.letters.list()).sort((a, b) => a.version - b.version);
      isMended = true;
      const id = bad?.id ?? '';
      await Promise.all([process.letters.redrive(id), process.letters.redrive(id), process.letters.redrive(id)]);
      await process.letters.redrive(id);
      expect(versionsOf(await world.effects(), stream)).toEqual([1, 2]);
      expect(await announced(process, id)).toEqual(['EventParked failed', 'EventRedriven handled']);
    });

    it('a crash in the middle of a redrive is finished by the next process, and repeats nothing', async () => {
      const first = await world.start({ consumers: picky((each) => each.type === 'Bad') });
      const stream = await accept(first, ['Bad', 'B', 'C']);
      await eventually(async () => expect(await first.letters.list()).toHaveLength(3));
      const [bad] = (await first.letters.list()).sort((a, b) => a.version - b.version);
      // The crash: the first event was handled in its transaction, and then nothing more happened.
      const { tables, store } = first.bindings.of('runner');
      const handled = { streamId: stream, version: 1, type: 'Bad' } as BusEvent;
      await store.commit({ appends: [], alongside: [first.effects([handled]), tables.handled(bad?.id ?? '')] });
      await first.close();
      const second = await world.start({ consumers: picky(() => false) });
      await eventually(async () => expect(versionsOf(await world.effects(), stream)).toEqual([1, 2, 3]));
      await eventually(async () => expect((await announced(second, bad?.id ?? '')).at(-1)).toMatch(/handled/));
      expect(await second.letters.list()).toEqual([]);
    });

    it('discarding the failed event lets those behind it go on', async () => {
      const process = await world.start({ consumers: picky((each) => each.type === 'Bad') });
      const stream = await accept(process, ['Bad', 'B', 'C']);
      await eventually(async () => expect(await process.letters.list()).toHaveLength(3));
      const [bad] = (await process.letters.list()).sort((a, b) => a.version - b.version);
      expect(await process.letters.discard(bad?.id ?? '')).toBe('handled');
      expect(await process.letters.discard(bad?.id ?? '')).toBe('handled');
      await eventually(async () => expect(versionsOf(await world.effects(), stream)).toEqual([2, 3]));
      expect(await announced(process, bad?.id ?? '')).toEqual(['EventParked failed', 'EventRedriven discarded']);
      await accept(process, ['D'], { id: stream, after: 3 });
      await eventually(async () => expect(versionsOf(await world.effects(), stream)).toEqual([2, 3, 4]));
    });

    it('a person’s command on delivery-log.events redrives it in the service that owns the letter', async () => {
      let isMended = false;
      const process = await world.start({
        consumers: (bus, self) => {
          picky((each) => !isMended && each.type === 'Bad')(bus, self);
          const options = { group: 'runner:dead-letters', types: ['DeadLetterCommand'] };
          bus.consume('delivery-log.events', options, async (batch: EventBatch) => {
            for (const each of batch.events) await self.letters.redrive((each.data as DeadLetterCommand).deadLetterId);
          });
        },
      });
      const stream = await accept(process, ['Bad', 'B']);
      await eventually(async () => expect(await process.letters.list()).toHaveLength(2));
      const [bad] = (await process.letters.list()).sort((a, b) => a.version - b.version);
      isMended = true;
      const data = { deadLetterId: bad?.id, group: GROUP, action: 'retry', requestedAt: new Date().toISOString() };
      await process.store('delivery-log').append(newId(), 0, [event('DeadLetterCommand', data)]);
      await eventually(async () => expect(versionsOf(await world.effects(), stream)).toEqual([1, 2]));
      expect(await process.letters.list()).toEqual([]);
    });
  });
}

async function lengthOf(process: BusProcess, stream: string, atLeast: number): Promise<number> {
  try {
    const events = await process.store('gateway').read(stream);
    return Math.max(atLeast, events.length);
  } catch {
    return atLeast;
  }
}

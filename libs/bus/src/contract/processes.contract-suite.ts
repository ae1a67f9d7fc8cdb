import { eventually } from '@sluice/testing';
import { newId } from '@sluice/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BusEvent } from '../bus.contract.ts';
import { accept, type BusProcess, type BusWorld, commits, event, Gate, versionsOf } from './bus-world.fixture.ts';

/** How long the work of a process that died may lie still: leases of 6 s, and what a busy machine takes beyond 10 s. */
const TAKEOVER_MS = 30_000;

const consuming = {
  consumers: (bus: BusProcess['bus'], self: BusProcess): void =>
    bus.consume('gateway.events', { group: 'runner' }, commits(self)),
};

/** Appends to some streams, one event after the other, until it is told to stop; knows what it has appended. */
class Load {
  readonly streams = Array.from({ length: 24 }, () => newId());
  readonly #lengths = new Map<string, number>();
  readonly #done: Promise<void>;
  #stopping = false;

  constructor(process: BusProcess) {
    this.#done = this.#run(process);
  }

  get appended(): number {
    return [...this.#lengths.values()].reduce((sum, length) => sum + length, 0);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  async #run(process: BusProcess): Promise<void> {
    const store = process.store('gateway');
    while (!this.#stopping) {
      const some = this.streams.filter(() => Math.random() < 0.4);
      await Promise.all(
        some.map(async (stream) => {
          const length = this.#lengths.get(stream) ?? 0;
          await store.append(stream, length, [event('A')]);
          this.#lengths.set(stream, length + 1);
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
  }

  /** Every event has exactly one effect, in the order of its stream. */
  async expectExact(world: BusWorld): Promise<void> {
    await eventually(async () => expect((await world.effects()).length).toBeGreaterThanOrEqual(this.appended));
    const effects = await world.effects();
    for (const stream of this.streams) {
      const length = this.#lengths.get(stream) ?? 0;
      expect(versionsOf(effects, stream)).toEqual(Array.from({ length }, (_, index) => index + 1));
    }
    expect(effects).toHaveLength(this.appended);
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until effects follow again; returns after how many milliseconds. */
async function effectsFollow(world: BusWorld, since: number): Promise<number> {
  const before = (await world.effects()).length;
  await eventually(async () => expect((await world.effects()).length).toBeGreaterThan(before));
  return performance.now() - since;
}

/** What a bus of several processes promises while they come, go, die and freeze. */
export function describeProcesses(name: string, createWorld: () => Promise<BusWorld>): void {
  describe(`${name}: processes`, () => {
    let world: BusWorld;
    beforeEach(async () => {
      world = await createWorld();
    });
    afterEach(() => world.remove());

    it('everyInstance: each of two processes gets every event', async () => {
      const seen = [new Set<string>(), new Set<string>()];
      const processes: BusProcess[] = [];
      for (const mine of seen) {
        const process = await world.start({
          consumers: (bus) =>
            bus.consume('gateway.events', { group: 'runner', mode: 'everyInstance' }, async (batch) => {
              for (const each of batch.events as readonly BusEvent[]) mine.add(each.streamId);
            }),
        });
        await process.bus.ready();
        processes.push(process);
      }
      const streams = await Promise.all(processes.map((process) => accept(process)));
      for (const mine of seen) await eventually(() => expect(mine).toEqual(new Set(streams)));
    });

    it('a rebalance in the middle: members join and leave under load, and every event has one effect, in order', async () => {
      const first = await world.start(consuming);
      await first.bus.ready();
      const load = new Load(first);
      await sleep(500);
      const second = await world.start(consuming);
      await sleep(1_000);
      const third = await world.start(consuming);
      await sleep(1_000);
      await second.close();
      await sleep(1_000);
      await third.close();
      await sleep(500);
      await load.stop();
      await load.expectExact(world);
      expect(await first.letters.list()).toEqual([]);
    }, 60_000);

    it('a zombie is fenced: the commit of a handler whose partition was taken meanwhile is refused', async () => {
      const gate = new Gate();
      let refused = 0;
      const process = await world.start({
        consumers: (bus, self) =>
          bus.consume('gateway.events', { group: 'runner' }, async (batch) => {
            if (gate.arrived === 0) await gate.pass();
            try {
              await commits(self)(batch);
            } catch (error) {
              refused++;
              throw error;
            }
          }),
      });
      const stream = await accept(process, ['A', 'B']);
      await eventually(() => expect(gate.arrived).toBe(1));
      // A successor takes every partition, as after a rebalance that the handler has not heard of.
      const { tables } = process.bindings.of('runner');
      for (let partition = 0; partition < 3; partition++) {
        const key = { group: 'runner', topic: 'gateway.events', partition };
        if (await tables.current(key)) await tables.take(key);
      }
      gate.open();
      await eventually(async () => expect(versionsOf(await world.effects(), stream)).toEqual([1, 2]));
      expect(refused).toBeGreaterThan(0);
      await accept(process, ['C'], { id: stream, after: 2 });
      await eventually(async () => expect(versionsOf(await world.effects(), stream)).toEqual([1, 2, 3]));
      expect(await process.letters.list()).toEqual([]);
    });

    it('kill -9 of a process: another takes its work over when its leases end, nothing is lost or doubled', async () => {
      const child = await world.startChild?.();
      if (!child) throw new Error('this world has no processes of their own');
      const process = await world.start(consuming);
      const load = new Load(process);
      await eventually(async () => expect((await world.effects()).length).toBeGreaterThan(20));
      await child.kill();
      const killed = performance.now();
      await sleep(100);
      expect(await effectsFollow(world, killed)).toBeLessThan(TAKEOVER_MS);
      await sleep(500);
      await load.stop();
      await load.expectExact(world);
    }, 90_000);

    it('a frozen process that wakes up late, as relay and as consumer, neither doubles nor reorders anything', async () => {
      const child = await world.startChild?.();
      if (!child) throw new Error('this world has no processes of their own');
      const process = await world.start(consuming);
      const load = new Load(process);
      await eventually(async () => expect((await world.effects()).length).toBeGreaterThan(20));
      child.freeze();
      const frozen = performance.now();
      await sleep(100);
      expect(await effectsFollow(world, frozen)).toBeLessThan(TAKEOVER_MS);
      await sleep(1_000);
      child.wake();
      await sleep(1_500);
      await load.stop();
      await load.expectExact(world);
      expect(await process.letters.list()).toEqual([]);
    }, 90_000);
  });
}

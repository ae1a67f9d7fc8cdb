import { describe, expect, it } from 'vitest';
import { type LaneJob, SendLanes } from './send-lanes.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Jobs {
  readonly started: string[] = [];
  readonly cancelled: string[] = [];
  readonly #ends = new Map<string, () => void>();

  job(name: string): LaneJob {
    return {
      bytes: 10,
      cancel: () => void this.cancelled.push(name),
      run: () => {
        this.started.push(name);
        return new Promise<void>((resolve) => this.#ends.set(name, resolve));
      },
    };
  }
  async end(...names: string[]): Promise<void> {
    for (const name of names) this.#ends.get(name)?.();
    await tick();
  }
}

const most = (concurrency: number) => ({ concurrency, perSecond: null });

describe('DL-05: send lanes', () => {
  it('runs at most the cap of an endpoint, in the order in which jobs came', async () => {
    const jobs = new Jobs();
    const lanes = new SendLanes({ maxInFlight: 100 });
    for (const name of ['a', 'b', 'c', 'd']) lanes.add('k', most(2), jobs.job(name));
    expect(jobs.started).toEqual(['a', 'b']);
    expect([lanes.ofKey('k'), lanes.waiting, lanes.waitingBytes]).toEqual([4, 2, 20]);
    await jobs.end('b');
    expect(jobs.started).toEqual(['a', 'b', 'c']);
    await jobs.end('a', 'c', 'd');
    await jobs.end('d');
    expect([lanes.ofKey('k'), lanes.waiting, lanes.inFlight, lanes.waitingBytes]).toEqual([0, 0, 0, 0]);
  });

  it('gives endpoints turns when all places are taken', async () => {
    const jobs = new Jobs();
    const lanes = new SendLanes({ maxInFlight: 2 });
    for (let index = 0; index < 5; index++) lanes.add('busy', most(10), jobs.job(`busy-${index}`));
    lanes.add('quiet', most(10), jobs.job('quiet'));
    expect(jobs.started).toEqual(['busy-0', 'busy-1']);
    await jobs.end('busy-0');
    await jobs.end('busy-1');
    expect(jobs.started).toContain('quiet');
    expect(jobs.started.indexOf('quiet')).toBeLessThanOrEqual(3);
  });

  it('lets an endpoint that hangs occupy its cap and nothing else', async () => {
    const jobs = new Jobs();
    const lanes = new SendLanes({ maxInFlight: 8 });
    for (let index = 0; index < 100; index++) lanes.add('hanging', most(3), jobs.job(`hanging-${index}`));
    for (let index = 0; index < 20; index++) {
      lanes.add('healthy', most(10), jobs.job(`healthy-${index}`));
      await jobs.end(`healthy-${index}`);
    }
    expect(jobs.started.filter((name) => name.startsWith('healthy'))).toHaveLength(20);
    expect(jobs.started.filter((name) => name.startsWith('hanging'))).toHaveLength(3);
  });

  it('follows a changed cap', async () => {
    const jobs = new Jobs();
    const lanes = new SendLanes({ maxInFlight: 100 });
    for (const name of ['a', 'b', 'c']) lanes.add('k', most(1), jobs.job(name));
    lanes.add('k', most(3), jobs.job('d'));
    expect(jobs.started).toEqual(['a', 'b', 'c']);
  });

  it('cancels what waits when it stops, and waits for what runs', async () => {
    const jobs = new Jobs();
    const lanes = new SendLanes({ maxInFlight: 1 });
    for (const name of ['a', 'b', 'c']) lanes.add('k', most(5), jobs.job(name));
    let stopped = false;
    const stopping = lanes.stop(10_000).then(() => {
      stopped = true;
    });
    lanes.add('k', most(5), jobs.job('late'));
    await tick();
    expect(jobs.cancelled).toEqual(['b', 'c', 'late']);
    expect(stopped).toBe(false);
    await jobs.end('a');
    await stopping;
    expect(jobs.started).toEqual(['a']);
  });

  it('does not wait longer than it was told', async () => {
    const jobs = new Jobs();
    const lanes = new SendLanes({ maxInFlight: 1 });
    lanes.add('k', most(1), jobs.job('endless'));
    await lanes.stop(20);
    expect(lanes.inFlight).toBe(1);
  });
});

describe('what bounds a lane besides', () => {
  it('DL-05: a rate spreads an endpoint’s jobs, also over lanes that were empty in between', async () => {
    const lanes = new SendLanes({ maxInFlight: 100 });
    const startedAtMs: number[] = [];
    for (let index = 0; index < 4; index++) {
      await new Promise<void>((resolve) => {
        const run = () => {
          startedAtMs.push(performance.now());
          resolve();
          return Promise.resolve();
        };
        lanes.add('limited', { concurrency: 10, perSecond: 20 }, { run, cancel: () => undefined, bytes: 1 });
      });
    }
    // Two may come at once (a tenth of a second's worth), the others 50 ms apart: a timer may be a little early.
    expect((startedAtMs[3] ?? 0) - (startedAtMs[0] ?? 0)).toBeGreaterThan(95);
    expect(lanes.waiting).toBe(0);
  });

  it('clearing a lane cancels what waits there, leaves what runs and the others, and the lane is used again', async () => {
    const lanes = new SendLanes({ maxInFlight: 100 });
    const log: string[] = [];
    let end = (): void => undefined;
    const job = (name: string, run: () => Promise<void>) => ({
      run: () => {
        log.push(`run ${name}`);
        return run();
      },
      cancel: () => void log.push(`cancel ${name}`),
      bytes: 10,
    });
    const hanging = () => new Promise<void>((resolve) => (end = resolve));
    lanes.add('a', most(1), job('a1', hanging));
    lanes.add(
      'a',
      most(1),
      job('a2', () => Promise.resolve()),
    );
    lanes.clear((key) => key === 'a');
    expect(log).toEqual(['run a1', 'cancel a2']);
    expect(lanes.waitingBytes).toBe(0);
    lanes.add(
      'a',
      most(1),
      job('a3', () => Promise.resolve()),
    );
    expect(log).toEqual(['run a1', 'cancel a2']);
    end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(['run a1', 'cancel a2', 'run a3']);
    expect(lanes.inFlight).toBe(0);
  });

  it('holds for an endpoint what it can start within eight seconds, and gives the newest of the rest back', async () => {
    const jobs = new Jobs();
    const lanes = new SendLanes({ maxInFlight: 100 });
    for (const key of ['fast', 'hanging'])
      for (let index = 0; index < 80; index++) lanes.add(key, most(2), jobs.job(`${key}-${index}`));
    expect(lanes.roomOf('fast')).toBe(Infinity);
    // It has shown nothing yet: it may be a moment old.
    lanes.trim(4);
    expect(jobs.cancelled).toEqual([]);
    for (let index = 0; index < 6; index++) await jobs.end(`fast-${index}`);
    lanes.trim(4);
    // Six in the second: 48 may wait. None: four times its two places.
    const back = (key: string) => jobs.cancelled.filter((name) => name.startsWith(key));
    expect(back('fast')).toEqual(Array.from({ length: 24 }, (_, index) => `fast-${index + 56}`));
    expect(back('hanging')).toEqual(Array.from({ length: 70 }, (_, index) => `hanging-${index + 10}`));
    expect([lanes.ofKey('fast'), lanes.ofKey('hanging'), lanes.waiting, lanes.waitingBytes]).toEqual([50, 10, 56, 560]);
    expect([lanes.roomOf('fast'), lanes.roomOf('hanging')]).toEqual([-2, -2]);
    for (let index = 6; index < 56; index++) await jobs.end(`fast-${index}`);
    expect([lanes.roomOf('fast'), lanes.ofKey('fast')]).toEqual([Infinity, 0]);
  });
});

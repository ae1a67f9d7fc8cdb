import type { ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { EventStorePort } from '@sluice/event-store';
import { InjectStore, metrics } from '@sluice/platform';
import { runnerError } from '../runner.errors.ts';
import { emptyRun } from '../runs/run-state.ts';
import { EventStream } from './event-stream.ts';
import { progressOf, statusMessage } from './run-progress.rules.ts';
import { RunWatch } from './run-watch.ts';
import type { FoundRun } from './runs.query.ts';

const log = new Logger('runner');
const MAX_STREAMS = 1_000;
/** Then the client connects again, with its credential; a run may wait for a year. */
const MAX_STREAM_MS = 15 * 60_000;
/** Events that are read at a time. */
const PAGE = 500;
/** A token that was revoked sees no more after so long, and what the copies of tokens take. */
const READMIT_MS = 1_000;

/** A wake-up that is remembered when nobody sleeps. */
class Wake {
  #rung = false;
  #sleeper: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#sleeper?.();
  }

  async next(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#sleeper = resolve;
      });
    }
    this.#sleeper = null;
    this.#rung = false;
  }
}

/** While nobody knows, because the database is away, the stream goes on. */
async function endUnless(asked: Promise<boolean>, end: () => void): Promise<void> {
  try {
    if (!(await asked)) end();
  } catch (error) {
    log.warn(`whether a caller may still follow a run is not known: ${(error as Error).message}`);
  }
}

/** Server-sent events of runs (GW-06), read from the run's stream whenever it has moved. */
@Injectable()
export class RunStreams {
  private open = 0;

  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    private readonly watch: RunWatch,
  ) {
    metrics.gauge('sluice_runner_streams', 'Callers that follow a run by server-sent events', [], (gauge) =>
      gauge.set(this.open),
    );
  }

  /**
   * Follows a run until it ends, the caller goes away, or the time of a stream is over. `begin` is called when nothing
   * can be refused any more.
   * @param stillMay asked while it goes on: a token may be revoked meanwhile
   * @param after the version that the caller has seen already; 0 for none.
   * @throws AppError `too_many_waiting`
   */
  async follow(
    find: () => Promise<FoundRun>,
    stillMay: (run: FoundRun) => Promise<boolean>,
    runId: string,
    after: number,
    begin: () => ServerResponse,
  ): Promise<void> {
    if (this.open >= MAX_STREAMS) throw runnerError('too_many_waiting', `${MAX_STREAMS} callers follow runs already`);
    const wake = new Wake();
    let over = false;
    const end = (): void => {
      over = true;
      wake.ring();
    };
    // Before the run is looked at, so that nothing in between is missed.
    const unwatch = this.watch.watch(runId, () => wake.ring(), end);
    const timer = setTimeout(end, MAX_STREAM_MS);
    let check: NodeJS.Timeout | undefined;
    this.open++;
    try {
      const found = await find();
      check = setInterval(() => void endUnless(stillMay(found), end), READMIT_MS);
      const stream = new EventStream(begin(), end);
      await this.send(stream, found, after, wake, () => over).catch((error: unknown) => {
        // The answer has begun: the client connects again and says what it has seen.
        log.warn(`the stream of run ${runId} was cut: ${(error as Error).message}`);
      });
      stream.end();
    } finally {
      this.open--;
      clearTimeout(timer);
      clearInterval(check);
      unwatch();
    }
  }

  private async send(
    stream: EventStream,
    { origin, queued, run: { id } }: FoundRun,
    after: number,
    wake: Wake,
    isOver: () => boolean,
  ): Promise<void> {
    const run = emptyRun(id);
    if (queued && after === 0) await stream.send(statusMessage(run, origin, queued));
    while (!isOver()) {
      const range = { topic: 'runner.events', fromVersion: run.version + 1, limit: PAGE } as const;
      const events = await this.store.read(id, range);
      for (const event of events) {
        const messages = progressOf(run, origin, event);
        if (event.version <= after) continue;
        for (const message of messages) await stream.send(message);
        if (!stream.isOpen) return;
      }
      if (run.finished) return;
      if (events.length < PAGE) await wake.next();
    }
  }
}

import { Logger } from '@nestjs/common';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { type Bound, type BusBindings, serviceOfGroup } from './bus-bindings.ts';
import type { BatchHandler, ConsumeOptions, ConsumerStatus, EventBatch } from './bus.contract.ts';
import { Backoff, type BusRuntime, pause } from './consuming/bus-runtime.ts';
import { type Consumer, consumerOf, type Message } from './consuming/consumer.ts';
import { type ConsumesExtras, patternOf } from './consuming/consumes.ts';
import { DeadLetters } from './dead-letters/dead-letters.ts';

export interface BusOptions {
  bindings: BusBindings;
  instanceId: string;
  logger?: BusRuntime['logger'];
  /** Wraps each call of a handler: the place to create the span that a batch is handled in. */
  onBatch?: (batch: EventBatch<unknown>, run: () => Promise<void>) => Promise<void>;
  failpoint?: (name: string) => void;
  /** How often what a crash left of redriven dead letters is picked up, in milliseconds; 30 s unless given. */
  recoverEveryMs?: number;
  /** Most time that `close` waits for running handlers, in milliseconds; 10 s unless given. */
  closeTimeoutMs?: number;
}

/** One running consumer, as the strategy drives it. */
export interface Running {
  status(): ConsumerStatus;
  /** Resolves once it receives events. */
  joined: Promise<void>;
  /** Brings its status up to date with what others did. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/**
 * What the three buses have in common: they are Nest transport strategies that find the `@Consumes` handlers, run each
 * of them, tell how they are, and stop within a bounded time.
 */
export abstract class BusStrategy extends Server implements CustomTransportStrategy {
  /** Otherwise Nest logs the failure of a handler itself, beside the bus. */
  override readonly propagatesEventHandlerErrors = true;
  protected readonly runtime: BusRuntime;
  protected readonly bindings: BusBindings;
  protected readonly stopping = new AbortController();
  readonly #options: BusOptions;
  readonly #consumers: Consumer[] = [];
  readonly #running: Running[] = [];
  #started: Promise<void> | undefined;
  #recovering: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: BusOptions) {
    super();
    this.#options = options;
    this.bindings = options.bindings;
    const { instanceId, failpoint } = options;
    const logger = options.logger ?? new Logger(new.target.name);
    this.runtime = { instanceId, logger, ...(failpoint ? { failpoint } : {}) };
  }

  /** Starts whatever all consumers need; must not wait for a database or broker that is away. */
  protected abstract start(consumers: readonly Consumer[]): Promise<void>;
  protected abstract run(consumer: Consumer, bound: Bound): Running;
  /** Called after the consumers have stopped. */
  protected abstract stop(): Promise<void>;

  /** Nest calls it for each handler it finds. */
  override addHandler(pattern: unknown, callback: MessageHandler, isEventHandler = false, extras = {}): void {
    const { sluiceTopic, sluiceOptions } = extras as Partial<ConsumesExtras>;
    if (!isEventHandler || !sluiceTopic || !sluiceOptions) {
      throw new Error(`the handler of ${String(pattern)} must be declared with @Consumes`);
    }
    super.addHandler(pattern, callback, isEventHandler, extras);
    this.#add(sluiceTopic, sluiceOptions, async (batch) => {
      const result: unknown = await callback(batch, undefined);
      // Nest's handler promise resolves to an Observable that carries the error; unread, the failure would vanish.
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    });
  }

  /** Adds a handler without Nest (tests, tools). Before `listen` only. */
  consume(topic: string, options: ConsumeOptions, handler: BatchHandler<never>): void {
    this.#add(topic, options, handler as BatchHandler<Message>);
  }

  #add(topic: string, options: ConsumeOptions, handler: BatchHandler<Message>): void {
    if (this.#started) throw new Error(`consumer of ${topic} was added after the bus had started`);
    const pattern = patternOf(topic, options);
    const { onBatch } = this.#options;
    const handle: BatchHandler<Message> = onBatch
      ? (batch) => onBatch(batch as EventBatch<unknown>, () => handler(batch))
      : handler;
    const consumer = consumerOf(topic, options, handle);
    if (this.#consumers.some((each) => each.group === consumer.group && each.topic === topic)) {
      throw new Error(`two handlers for ${pattern}: give each purpose a group of its own (<service>:<purpose>)`);
    }
    serviceOfGroup(consumer.group);
    this.#consumers.push(consumer);
  }

  /** Starts consuming; does not wait for brokers and databases that are away (see `ready`). */
  listen(done: (error?: unknown) => void): void {
    this.#started = this.#start();
    void this.#tell(this.#started, done);
  }

  async #tell(started: Promise<void>, done: (error?: unknown) => void): Promise<void> {
    try {
      await started;
    } catch (error) {
      return done(error);
    }
    done();
  }

  async #start(): Promise<void> {
    const bound = this.#consumers.map((consumer) => this.bindings.of(serviceOfGroup(consumer.group)));
    for (const consumer of this.#consumers) if (consumer.mode === 'group') this.bindings.register(consumer);
    await this.start(this.#consumers);
    this.#consumers.forEach((consumer, index) => this.#running.push(this.run(consumer, bound[index] as Bound)));
    this.#recovering = this.#recoverDeadLetters();
  }

  /** Resolves once every consumer has joined: a service is ready only then. */
  async ready(): Promise<void> {
    if (!this.#started) throw new Error('the bus has not been started');
    await this.#started;
    await Promise.all(this.#running.map((running) => running.joined));
  }

  statuses(): ConsumerStatus[] {
    return this.#running.map((running) => running.status());
  }

  /** Stops consuming: running handlers are signalled and waited for, but not longer than `closeTimeoutMs`. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.stopping.abort();
    const stopped = (async () => {
      await this.#started;
      await Promise.allSettled(this.#running.map((running) => running.close()));
      await this.#recovering;
      await this.stop();
      return true;
    })();
    const timeoutMs = this.#options.closeTimeoutMs ?? 10_000;
    const timer = new AbortController();
    const intime = await Promise.race([stopped, pause(timeoutMs, timer.signal).then(() => false)]);
    timer.abort();
    if (!intime) this.runtime.logger.warn(`consumers did not stop within ${timeoutMs} ms and are left behind`);
  }

  async #recoverDeadLetters(): Promise<void> {
    const letters = new DeadLetters(this.bindings);
    const backoff = new Backoff();
    const { signal } = this.stopping;
    while (!signal.aborted) {
      let waitMs = this.#options.recoverEveryMs ?? 30_000;
      try {
        await letters.recover();
        for (const running of this.#running) await running.refresh();
        backoff.reset();
      } catch (error) {
        waitMs = backoff.nextMs();
        this.runtime.logger.warn(`dead letters are looked after again in ${waitMs} ms: ${String(error)}`);
      }
      await pause(waitMs, signal);
    }
  }

  on(event: string): never {
    throw new Error(`the bus emits no event "${event}"; see statuses()`);
  }

  unwrap<T>(): T {
    throw new Error('the bus hides its client; see statuses()');
  }
}

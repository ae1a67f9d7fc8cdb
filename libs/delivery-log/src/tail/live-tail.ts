import type { ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { Readmit } from '@sluice/access';
import { comparePositions, type StoredEvent } from '@sluice/event-store';
import { InjectPool, metrics, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { TopicTables } from '../topics/topic-tables.ts';
import { tailItem } from './tail-item.ts';
import { FOLLOWED, tailId, type TailPosition } from './tail-position.ts';
import { TailStream } from './tail-stream.ts';
import type { TailPage, TailQuery } from './tail.requests.ts';

const log = new Logger('delivery-log.tail');
const POLL_MS = 250;
/** Of one topic at a time; a person cannot read more. */
const MAX_EVENTS = 500;
const MAX_FOLLOWERS = 200;
/** Then the client connects again, with its credential. */
const MAX_STREAM_MS = 15 * 60_000;
/** A token that was revoked sees no more after so long, and what the copies of tokens take. */
const READMIT_MS = 1_000;

interface Follower {
  stream: TailStream;
  appId: string;
  query: TailQuery;
  readmit: Readmit;
  /** Null: from now on. */
  position: TailPosition | null;
}

interface Step {
  events: StoredEvent[];
  to: TailPosition;
  skipped: boolean;
}

/**
 * LG-03: what happens, while it happens. One look at the topics' tables for all followers of the process, and none while
 * nobody follows: whichever process applies an event, every one sees it, in both wirings and without a consumer group.
 */
@Injectable()
export class LiveTail implements BeforeApplicationShutdown {
  readonly #tables: TopicTables;
  readonly #followers = new Set<Follower>();
  #isLooking = false;
  #position: TailPosition | null = null;
  #stopped = false;
  #readmittedAtMs = 0;

  constructor(@InjectPool('delivery-log') pool: Pool) {
    this.#tables = new TopicTables(pool);
    metrics.gauge(
      'sluice_delivery_log_followers',
      'Callers that follow what happens by server-sent events',
      [],
      (gauge) => gauge.set(this.#followers.size),
    );
  }

  beforeApplicationShutdown(): void {
    this.#stopped = true;
    for (const { stream } of this.#followers) stream.end('stopping');
  }

  /** What has happened since, at once; without a position only where it goes on. */
  async page(appId: string, query: TailQuery, after: TailPosition | null): Promise<TailPage> {
    if (after === null) return { items: [], last: tailId(await this.#heads()), skipped: false };
    const { events, to, skipped } = await this.#step(after);
    const items = events.flatMap((event) => tailItem(event, appId, query) ?? []);
    return { items, last: tailId(to), skipped };
  }

  /**
   * @param readmit asked while it goes on: a token may be revoked meanwhile
   * @param begin called when nothing can be refused any more
   * @throws AppError `too_many_requests`
   */
  follow(
    { appId, query, readmit }: Pick<Follower, 'appId' | 'query' | 'readmit'>,
    after: TailPosition | null,
    begin: () => ServerResponse,
  ): void {
    if (this.#stopped || this.#followers.size >= MAX_FOLLOWERS) {
      throw platformError('too_many_requests', `${MAX_FOLLOWERS} callers follow already`);
    }
    const timer = setTimeout(() => follower.stream.end('time_is_over'), MAX_STREAM_MS);
    const stream = new TailStream(begin(), () => {
      clearTimeout(timer);
      this.#followers.delete(follower);
    });
    const follower: Follower = { stream, appId, query, readmit, position: after };
    this.#followers.add(follower);
    if (this.#isLooking) return;
    this.#isLooking = true;
    setTimeout(() => void this.#turn(), 0);
  }

  async #turn(): Promise<void> {
    try {
      await this.#dismiss();
      await this.#look();
    } catch (error) {
      log.warn(`could not look for what has happened: ${(error as Error).message}`);
    }
    this.#isLooking = this.#followers.size > 0;
    if (this.#isLooking) setTimeout(() => void this.#turn(), POLL_MS);
    else this.#position = null;
  }

  /** Before anything more is told. While nobody knows, everybody stays. */
  async #dismiss(): Promise<void> {
    if (performance.now() - this.#readmittedAtMs < READMIT_MS) return;
    this.#readmittedAtMs = performance.now();
    for (const { readmit, appId, stream } of this.#followers) {
      const app = await readmit();
      if (!app?.sees(appId)) stream.end('unauthorized');
    }
  }

  async #look(): Promise<void> {
    this.#position ??= await this.#heads();
    for (const follower of this.#followers) await this.#catchUp(follower);
    const { events, to, skipped } = await this.#step(this.#position);
    for (const follower of this.#followers) if (follower.position) this.#tell(follower, events, to, skipped);
    this.#position = to;
  }

  /** Brings one who comes, or comes again, to where all are; what is too much is skipped, and said to be. */
  async #catchUp(follower: Follower): Promise<void> {
    const all = this.#position as TailPosition;
    const { position } = follower;
    if (position === null) {
      follower.position = all;
      follower.stream.ready(tailId(all));
      return;
    }
    const isBehind = position.some((each, index) => comparePositions(each, all[index] ?? each) < 0);
    if (!isBehind) return;
    const { events, skipped } = await this.#step(position, all);
    this.#tell(follower, events, all, skipped);
  }

  /** Each event is told once: a topic may be ahead for one who comes again. */
  #tell(follower: Follower, events: readonly StoredEvent[], to: TailPosition, skipped: boolean): void {
    const position = [...(follower.position as TailPosition)];
    if (skipped) follower.stream.send('skipped', tailId(to), { reason: 'more happened than is shown' });
    for (const event of events) {
      const index = FOLLOWED.indexOf(event.topic as (typeof FOLLOWED)[number]);
      const seen = position[index];
      if (!seen || comparePositions(event.position, seen) <= 0) continue;
      position[index] = event.position;
      const item = tailItem(event, follower.appId, follower.query);
      if (item) follower.stream.send('item', tailId(position), item);
    }
    follower.position = to.map((each, index) => later(each, position[index] ?? each));
    follower.stream.place(tailId(follower.position));
  }

  /** What follows the position: at most so many of each topic (and none behind `upTo`), then it goes on at the end. */
  async #step(from: TailPosition, upTo?: TailPosition): Promise<Step> {
    const step: Step = { events: [], to: from, skipped: false };
    const to = [...from];
    for (const [index, topic] of FOLLOWED.entries()) {
      const read = await this.#tables.readAfter(topic, from[index] as TailPosition[0], MAX_EVENTS);
      const bound = upTo?.[index];
      const events = bound ? read.filter(({ position }) => comparePositions(position, bound) <= 0) : read;
      const isMore = read.length === MAX_EVENTS && events.length === read.length;
      step.events.push(...events);
      to[index] = isMore
        ? (bound ?? (await this.#tables.head(topic)))
        : (events.at(-1)?.position ?? to[index] ?? (from[index] as TailPosition[0]));
      step.skipped ||= isMore;
    }
    return { ...step, to };
  }

  #heads(): Promise<TailPosition> {
    return Promise.all(FOLLOWED.map((topic) => this.#tables.head(topic)));
  }
}

function later<T extends TailPosition[0]>(a: T, b: T): T {
  return comparePositions(a, b) >= 0 ? a : b;
}

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type System, waitFor } from '@sluice/testing';
import { Agent, request } from 'undici';
import { Api, EMITTING_STEPS } from './api.ts';

/** What a receiver saw of one order: every delivery id it came under, and how often each. */
type Seen = Map<number, Map<string, number>>;

interface EffectCall {
  step: string;
  key: string;
}

/** A receiver that counts deliveries by the order's number and by delivery id. */
class CountingReceiver {
  readonly seen: Seen = new Map();
  private readonly effects = new Map<number, EffectCall[]>();
  private constructor(private readonly server: Server) {}

  static async start(): Promise<CountingReceiver> {
    const server = createServer();
    const receiver = new CountingReceiver(server);
    server.on('request', (incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        if (incoming.url?.startsWith('/effect/'))
          receiver.effect(incoming.url.slice(8), String(incoming.headers['idempotency-key']), body);
        else receiver.count(String(incoming.headers['webhook-id']), body);
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Orders in which step a was called again after step b had begun: a was completed then, and must not be repeated. */
  repeatedCompleted(): number[] {
    return [...this.effects]
      .filter(([, calls]) => /b.*a/.test(calls.map((call) => call.step).join('')))
      .map(([n]) => n);
  }

  /** Orders whose repeated calls of one step did not carry the same idempotency key. */
  underTwoKeys(): number[] {
    const keysOf = (calls: readonly EffectCall[], step: string) =>
      new Set(calls.filter((call) => call.step === step).map((call) => call.key));
    return [...this.effects]
      .filter(([, calls]) => ['a', 'b'].some((step) => keysOf(calls, step).size > 1))
      .map(([n]) => n);
  }

  repeatedCalls(): number {
    return [...this.effects.values()].reduce(
      (sum, calls) => sum + calls.length - new Set(calls.map((call) => call.step)).size,
      0,
    );
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private effect(step: string, key: string, body: string): void {
    const { n } = JSON.parse(body) as { n: number };
    const calls = this.effects.get(n) ?? [];
    calls.push({ step, key });
    this.effects.set(n, calls);
  }

  private count(id: string, body: string): void {
    const n = (JSON.parse(body) as { entity: { n: number } }).entity.n;
    const ids = this.seen.get(n) ?? new Map<string, number>();
    ids.set(id, (ids.get(id) ?? 0) + 1);
    this.seen.set(n, ids);
  }
}

export interface Account {
  sent: number;
  /** Orders that got a 2xx, with the run each was promised. */
  accepted: Map<number, string>;
  /** Answered with something else, by status; 0 is a broken connection. */
  refused: Map<number, number>;
  /** 503s that did not say when to come back: must be none. */
  refusedWithoutRetryAfter: number;
  /** Accepted and never delivered: must be empty. */
  missing: number[];
  /** Delivered under more than one id: must be empty (a repeated attempt carries the same id). */
  underTwoIds: number[];
  /** Steps with an outside effect that ran again although they had completed: must be empty. */
  repeatedCompleted: number[];
  /** Repeated effects under another idempotency key: must be empty. */
  underTwoKeys: number[];
  /** Calls of a step beyond its first: the one in flight at a crash; counted, and allowed. */
  repeatedCalls: number;
  /** Attempts beyond the first of an order: counted, and allowed. */
  repeatedAttempts: number;
}

/**
 * Fires numbered triggers at a steady rate while something is broken, then accounts for each by its number: every
 * trigger that got a 2xx has to be delivered, under one id.
 */
export class Accounting {
  private readonly account: Account = {
    sent: 0,
    accepted: new Map(),
    refused: new Map(),
    refusedWithoutRetryAfter: 0,
    missing: [],
    underTwoIds: [],
    repeatedCompleted: [],
    underTwoKeys: [],
    repeatedCalls: 0,
    repeatedAttempts: 0,
  };
  private readonly agent = new Agent({ connections: 16, pipelining: 1 });
  private running = true;
  private loop: Promise<void> = Promise.resolve();

  private constructor(
    private readonly system: System,
    private readonly receiver: CountingReceiver,
    private readonly trigger: { id: string; token: string },
  ) {}

  /** Sets up a flow with two outside effects and an event, its trigger and its endpoint; fires nothing yet. */
  static async prepare(system: System): Promise<Accounting> {
    const api = await Api.ofFreshApp(system, 'faults');
    const receiver = await CountingReceiver.start();
    const effect = (step: string) => ({
      ref: step,
      type: 'http',
      method: 'POST',
      url: `${receiver.url}/effect/${step}`,
      json: { n: '{{ order.n }}' },
    });
    const [webhook, emit] = EMITTING_STEPS;
    const trigger = await api.trigger((await api.flow([webhook, effect('a'), effect('b'), emit])).id);
    // Short retries: a receiver is never at fault here, but a process may die in the middle of an attempt.
    await api.endpoint(`${receiver.url}/count`, ['order.placed'], {
      retry: { schedule: ['PT0S', 'PT1S', 'PT1S', 'PT1S', 'PT5S'] },
      concurrency: 50,
    });
    return new Accounting(system, receiver, trigger);
  }

  static async start(system: System, ratePerSecond: number): Promise<Accounting> {
    const accounting = await Accounting.prepare(system);
    accounting.begin(ratePerSecond);
    return accounting;
  }

  begin(ratePerSecond: number): void {
    this.loop = this.fireSteadily(ratePerSecond);
  }

  get acceptedCount(): number {
    return this.account.accepted.size;
  }

  refusedWith(status: number): number {
    return this.account.refused.get(status) ?? 0;
  }

  /** Stops firing, waits until everything accepted has arrived, and gives the account. */
  async finish(timeoutMs = 60_000): Promise<Account> {
    this.running = false;
    await this.loop;
    const { account, receiver } = this;
    const missing = () => [...account.accepted.keys()].filter((n) => !receiver.seen.has(n));
    await waitFor(() => missing().length === 0, timeoutMs, 'every accepted order at the receiver').catch(
      () => undefined as never,
    );
    account.missing = missing();
    for (const [n, ids] of receiver.seen) {
      if (ids.size > 1) account.underTwoIds.push(n);
      for (const times of ids.values()) account.repeatedAttempts += times - 1;
    }
    account.repeatedCompleted = receiver.repeatedCompleted();
    account.underTwoKeys = receiver.underTwoKeys();
    account.repeatedCalls = receiver.repeatedCalls();
    receiver.close();
    await this.agent.destroy();
    return account;
  }

  private async fireSteadily(ratePerSecond: number): Promise<void> {
    const pending = new Set<Promise<void>>();
    const tickMs = 20;
    let due = 0;
    for (let n = 0; this.running; ) {
      due += (ratePerSecond * tickMs) / 1000;
      for (; due >= 1; due -= 1) {
        const one: Promise<void> = this.fire(n++).finally(() => pending.delete(one));
        pending.add(one);
      }
      await sleep(tickMs);
    }
    await Promise.all(pending);
  }

  private async fire(n: number): Promise<void> {
    this.account.sent += 1;
    let status = 0;
    try {
      const answer = await request(`${this.system.url}/t/${this.trigger.id}`, {
        method: 'POST',
        dispatcher: this.agent,
        headers: { authorization: `Bearer ${this.trigger.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ n }),
        headersTimeout: 20_000,
      });
      const text = await answer.body.text();
      status = answer.statusCode;
      if (status === 503 && answer.headers['retry-after'] === undefined) this.account.refusedWithoutRetryAfter += 1;
      if (status === 202) {
        this.account.accepted.set(n, String((JSON.parse(text) as { id: string }).id));
        return;
      }
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      status = 0;
    }
    this.account.refused.set(status, (this.account.refused.get(status) ?? 0) + 1);
  }
}

/** Nothing accepted is missing and nothing came under two ids; tells the figures when it is so. */
export function expectNothingLost(account: Account): string {
  const wrong: [string, readonly number[]][] = [
    [`of ${account.accepted.size} accepted are missing`, account.missing],
    ['were delivered under two ids', account.underTwoIds],
    ['repeated a completed step', account.repeatedCompleted],
    ['repeated a step under another idempotency key', account.underTwoKeys],
  ];
  for (const [what, orders] of wrong) {
    if (orders.length > 0) throw new Error(`${orders.length} ${what}: ${orders.slice(0, 20).join(', ')}`);
  }
  const refused = [...account.refused].map(([status, count]) => `${count}×${status || 'cut'}`).join(' ') || 'none';
  return `${account.sent} sent, ${account.accepted.size} accepted, all delivered, ${account.repeatedAttempts} repeated attempts, ${account.repeatedCalls} repeated step calls, refused: ${refused}`;
}

import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EndpointState } from '@sluice/contracts';
import type { EndpointStatus } from '@sluice/endpoint-status';
import { DeliveringConfig } from '../delivering/delivering.config.ts';
import { type AttemptFacts, decideHealth, type Health, type HealthVerdict } from './endpoint-health.decider.ts';
import { EndpointStatuses } from './endpoint-statuses.ts';

const log = new Logger('dispatcher.health');

/** What one attempt said about its endpoint. */
export interface Judged {
  endpoint: EndpointState;
  verdict: HealthVerdict;
  health: Health;
  status: number | null;
}

/**
 * How the endpoints of this process fare: learns from every attempt, and writes what changed once a second, so that an
 * endpoint that fails every other time costs a row a second and not one per attempt.
 */
@Injectable()
export class EndpointHealth {
  readonly #live = new Map<string, { health: Health; begun: number }>();
  readonly #dirty = new Set<string>();
  /** Judged, not yet written. */
  readonly #pausing = new Set<string>();
  readonly #listeners: ((judged: Judged) => void)[] = [];
  readonly #onHold: ((uuid: string) => void)[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(
    @Inject(EndpointStatuses) private readonly statuses: EndpointStatuses,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {
    statuses.onChange((uuid, status, begun) => this.#onStatus(uuid, status, begun));
  }

  /** Writes what was learnt; once nothing is sent any more. */
  async stop(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    await this.#save();
  }

  /** Whether nothing may be sent to it now: it is paused, or asked to be left alone. */
  isClosed(uuid: string): boolean {
    const status = this.statuses.of(uuid);
    if (status.paused !== null || this.#pausing.has(uuid)) return true;
    const holdUntilMs = this.#live.get(uuid)?.health.holdUntilMs ?? Date.parse(status.holdUntil ?? '');
    return holdUntilMs > this.config.now();
  }

  /** Called with what is worth telling. */
  onJudged(listener: (judged: Judged) => void): void {
    this.#listeners.push(listener);
  }

  /** Called when nothing more may be sent to an endpoint. */
  onClosed(listener: (uuid: string) => void): void {
    this.#onHold.push(listener);
  }

  /** Learns from an attempt; at once in this process, in the table within a second. */
  learn(endpoint: EndpointState, facts: AttemptFacts): void {
    const { uuid } = endpoint;
    const before = this.#live.get(uuid)?.health ?? healthOf(this.statuses.of(uuid));
    const { health, verdict } = decideHealth(before, facts, this.config);
    if (health.failingSinceMs !== before.failingSinceMs || health.warnedAtMs !== before.warnedAtMs)
      this.#keep(uuid, health);
    if (health.holdUntilMs > before.holdUntilMs) {
      this.#keep(uuid, health);
      for (const tell of this.#onHold) tell(uuid);
    }
    if (verdict === null || this.#pausing.has(uuid)) return;
    if (verdict === 'gone' || verdict === 'failing') {
      this.#pausing.add(uuid);
      for (const tell of this.#onHold) tell(uuid);
    }
    for (const tell of this.#listeners) tell({ endpoint, verdict, health, status: facts.status });
  }

  /** The pause that was judged could not be written: the next failure judges again. */
  pauseFailed(uuid: string): void {
    this.#pausing.delete(uuid);
  }

  /** Others send for these from now on, and will know better. */
  forget(isLost: (uuid: string) => boolean): void {
    for (const uuid of this.#live.keys()) if (isLost(uuid) && !this.#dirty.has(uuid)) this.#live.delete(uuid);
  }

  #onStatus(uuid: string, status: EndpointStatus, begun: number): void {
    if (status.paused !== null) {
      this.#pausing.delete(uuid);
      for (const tell of this.#onHold) tell(uuid);
    }
    // What was written may be older than what was learnt since, unless a person let it begin anew: then only who was warned counts.
    const live = this.#live.get(uuid);
    if (live && live.begun !== begun) {
      this.#live.set(uuid, { health: { ...live.health, failingSinceMs: null, holdUntilMs: 0 }, begun });
    } else if (!this.#dirty.has(uuid)) this.#live.delete(uuid);
  }

  #keep(uuid: string, health: Health): void {
    this.#live.set(uuid, { health, begun: this.statuses.begunOf(uuid) });
    this.#dirty.add(uuid);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#save();
    }, this.config.healthSaveMs).unref();
  }

  async #save(): Promise<void> {
    const rows = [...this.#dirty].flatMap((uuid): [string, Health, number][] => {
      const live = this.#live.get(uuid);
      return live ? [[uuid, live.health, live.begun]] : [];
    });
    this.#dirty.clear();
    if (rows.length === 0) return;
    try {
      await this.statuses.saveHealth(rows);
    } catch (error) {
      log.warn(`what was learnt of ${rows.length} endpoints could not be saved, trying again: ${String(error)}`);
      for (const [uuid] of rows) {
        const live = this.#live.get(uuid);
        if (live && !this.#dirty.has(uuid)) this.#keep(uuid, live.health);
      }
    }
  }
}

function healthOf(status: EndpointStatus): Health {
  const msOf = (time: string | null): number | null => (time === null ? null : Date.parse(time));
  return {
    failingSinceMs: msOf(status.failingSince),
    warnedAtMs: msOf(status.warnedAt),
    holdUntilMs: msOf(status.holdUntil) ?? 0,
  };
}

import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { type EndpointState, isUuid } from '@sluice/contracts';
import type { EndpointStatus, Pause } from '@sluice/endpoint-status';
import type { EventMeta } from '@sluice/event-store';
import { InjectSettings, platformError, type Settings } from '@sluice/platform';
import type { PoolClient } from 'pg';
import { DeliveringConfig } from '../delivering/delivering.config.ts';
import { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { EventRecorder } from '../recording/event-recorder.ts';
import { pausedFromMs } from './endpoint-health.decider.ts';
import { EndpointHealth, type Judged } from './endpoint-health.ts';
import { EndpointStatuses } from './endpoint-statuses.ts';
import { operationalEvent, type OperationalType } from './operational-events.ts';

const log = new Logger('dispatcher.health');
type Actor = EventMeta['actor'];

/** An endpoint with how it fares, after a change. */
export interface Controlled {
  endpoint: EndpointState;
  status: EndpointStatus;
  propagating: boolean;
}

/** Pauses and resumes endpoints, for people and by what their receivers answered, and tells who has subscribed to it. */
@Injectable()
export class EndpointControls implements OnModuleInit {
  constructor(
    @Inject(EndpointDirectory) private readonly endpoints: EndpointDirectory,
    @Inject(EndpointStatuses) private readonly statuses: EndpointStatuses,
    @Inject(EndpointHealth) private readonly health: EndpointHealth,
    @Inject(EventRecorder) private readonly recorder: EventRecorder,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.health.onJudged((judged) => void this.#act(judged));
  }

  /**
   * By integer or uuid.
   * @param sees whether things of that app exist for the caller.
   * @throws AppError 404
   */
  async find(id: string, sees: (appId: string | null) => boolean): Promise<EndpointState> {
    let found = this.#lookUp(id);
    if (!found) {
      // Made a moment ago, by a registry that did not wait for us.
      await this.endpoints.refresh();
      found = this.#lookUp(id);
    }
    if (!found || !sees(found.appId)) throw platformError('not_found', 'there is no such endpoint');
    return found;
  }

  /** Pausing what is paused keeps the first reason. Durable, and applied by every live dispatcher, when it resolves. */
  async pause(endpoint: EndpointState, actor: Actor): Promise<Controlled> {
    await this.statuses.refresh();
    if (this.statuses.of(endpoint.uuid).paused !== null) return this.#controlled(endpoint, false);
    const at = new Date(this.config.now()).toISOString();
    const pause: Pause = {
      reason: 'person',
      at,
      detail: `paused by ${actor?.type ?? 'somebody'} ${actor?.id ?? ''}`.trim(),
    };
    return this.#change(endpoint, 'Endpoint.Paused', { paused: pause }, actor, (client) =>
      this.statuses.pause(client, endpoint.uuid, pause),
    );
  }

  /** What waited goes out. */
  async resume(endpoint: EndpointState, actor: Actor): Promise<Controlled> {
    await this.statuses.refresh();
    const { paused, holdUntil } = this.statuses.of(endpoint.uuid);
    if (paused === null && holdUntil === null) {
      return this.#applied(endpoint, await this.statuses.resumeUnseen(endpoint.uuid));
    }
    return this.#change(endpoint, 'Endpoint.Resumed', { wasPaused: paused }, actor, (client) =>
      this.statuses.resume(client, endpoint.uuid),
    );
  }

  async #change(
    endpoint: EndpointState,
    type: OperationalType,
    more: Record<string, unknown>,
    actor: Actor,
    write: (client: PoolClient) => Promise<bigint>,
  ): Promise<Controlled> {
    let change = 0n;
    const event = this.#event(type, endpoint, { ...more, actor: actor ? { type: actor.type, id: actor.id } : null });
    await this.recorder.recordOwn([event], async (client) => {
      change = await write(client);
    });
    return this.#applied(endpoint, change);
  }

  async #applied(endpoint: EndpointState, change: bigint): Promise<Controlled> {
    return this.#controlled(endpoint, !(await this.statuses.applied(change, this.settings.propagationWaitMs)));
  }

  #controlled(endpoint: EndpointState, propagating: boolean): Controlled {
    return { endpoint, status: this.statuses.of(endpoint.uuid), propagating };
  }

  async #act({ endpoint, verdict, health, status }: Judged): Promise<void> {
    const failingSince = health.failingSinceMs === null ? null : new Date(health.failingSinceMs).toISOString();
    try {
      if (verdict === 'recovered') {
        await this.recorder.recordOwn([this.#event('Endpoint.Recovered', endpoint, {})]);
      } else if (verdict === 'warn') {
        const { failingSinceMs, warnedAtMs } = health;
        const nowMs = this.config.now();
        const atMs = pausedFromMs(failingSinceMs ?? nowMs, warnedAtMs ?? nowMs, this.config);
        const disabledAt = new Date(atMs).toISOString();
        const more = { failingSince, lastStatus: status, disabledAt };
        await this.recorder.recordOwn([this.#event('Endpoint.Failing', endpoint, more)]);
      } else await this.#disable(endpoint, verdict, failingSince);
    } catch (error) {
      this.health.pauseFailed(endpoint.uuid);
      log.warn(`${verdict} of endpoint ${endpoint.uuid} could not be recorded: ${(error as Error).message}`);
    }
  }

  async #disable(endpoint: EndpointState, reason: 'gone' | 'failing', failingSince: string | null): Promise<void> {
    const at = new Date(this.config.now()).toISOString();
    const detail =
      reason === 'gone'
        ? 'the receiver answered 410 Gone'
        : `nothing but failure since ${failingSince}; the last attempt failed too`;
    const paused: Pause = { reason, at, detail };
    log.log(`endpoint ${endpoint.uuid} is paused: ${detail}`);
    await this.recorder.recordOwn(
      [this.#event('Endpoint.Disabled', endpoint, { paused, failingSince })],
      async (client) => {
        await this.statuses.pause(client, endpoint.uuid, paused);
      },
    );
    await this.statuses.refresh();
  }

  #event(type: OperationalType, endpoint: EndpointState, more: Record<string, unknown>) {
    return operationalEvent(type, endpoint, more, { nowMs: this.config.now(), publicUrl: this.settings.publicUrl });
  }

  #lookUp(id: string): EndpointState | undefined {
    if (isUuid(id)) return this.endpoints.find(id.toLowerCase());
    return /^[1-9]\d{0,8}$/.test(id) ? this.endpoints.findByNumber(Number(id)) : undefined;
  }
}

import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type CallbackReceived, derivedId, type RunWaiting } from '@sluice/contracts';
import {
  type EventMeta,
  type EventStorePort,
  readStreamFacts,
  type StoredEvent,
  type StreamFacts,
  VersionConflictError,
} from '@sluice/event-store';
import { failpoint, InjectPool, InjectSettings, InjectStore, type Settings } from '@sluice/platform';
import { type LinkClaim, LinkTokens } from '@sluice/sealed-values';
import type { Pool } from 'pg';
import { gatewayError } from '../gateway.errors.ts';

/** The runner's tables are not there yet: its service has not started for the first time. */
const UNDEFINED_TABLE = '42P01';

/** Of a run's events those that say whether a step of it still waits. */
const STANDING: StreamFacts = {
  name: 'gateway:resume-standing',
  topic: 'runner.events',
  types: ['RunWaiting', 'StepAnswered', 'RunFinished'],
};

/** A step that can be given its answer, as far as is known. */
export interface OpenWait {
  appId: string | null;
  meta: EventMeta;
  /** What the step says about itself; null before it has begun to wait, and when it says nothing. */
  about: unknown;
}

export interface Answering {
  claim: LinkClaim;
  answer: unknown;
  body: Buffer;
  remoteAddress: string;
}

function isOf(claim: LinkClaim, { data }: StoredEvent): boolean {
  const { ref, path } = data as { ref: string; path?: string };
  return (path ?? ref) === claim.step;
}

/** Takes what comes in by the links of waiting steps (FL-02): stored before it is answered, once per link. */
@Injectable()
export class Resumptions {
  private readonly tokens: LinkTokens;

  constructor(
    @InjectPool('gateway') private readonly pool: Pool,
    @InjectStore('gateway') private readonly store: EventStorePort,
    @InjectSettings() settings: Pick<Settings, 'encryptionKeys'>,
  ) {
    this.tokens = new LinkTokens(settings.encryptionKeys);
  }

  /** @throws AppError `unknown_link` for whatever was not signed here, `link_expired`. */
  open(token: string): LinkClaim {
    const claim = this.tokens.verify(token);
    if (!claim) throw unknownLink();
    if (claim.expiresAt * 1000 < Date.now()) throw gatewayError('link_expired', 'The link is too old.');
    return claim;
  }

  /**
   * The step of a link, before or while it waits.
   * @throws AppError `unknown_link` when retention has taken the run, `already_answered`, `wait_over`
   */
  async standing(claim: LinkClaim): Promise<OpenWait> {
    const events = await this.factsOf(claim.runId);
    const [first] = events;
    if (!first) throw unknownLink();
    if (events.some((event) => event.type === 'StepAnswered' && isOf(claim, event))) throw alreadyAnswered();
    if (events.some(({ type }) => type === 'RunFinished')) throw gatewayError('wait_over', 'The run is over.');
    const waiting = events.find((event) => event.type === 'RunWaiting' && isOf(claim, event));
    const wait = waiting ? (waiting.data as RunWaiting & { output?: unknown }) : null;
    if (wait && Date.parse(wait.until) < Date.now()) {
      throw gatewayError('wait_over', 'The step has waited as long as it was told to.');
    }
    return { appId: first.appId, meta: first.meta, about: wait?.output ?? null };
  }

  /**
   * Stores the answer of a step. The same request again is the same answer.
   * @throws AppError as `standing` does.
   */
  async receive(answering: Answering): Promise<'accepted' | 'previously_accepted'> {
    const { claim, body } = answering;
    const streamId = derivedId('resume', claim.runId, claim.step);
    const bodySha256 = createHash('sha256').update(body).digest('hex');
    if (await this.isRepeated(streamId, bodySha256)) return 'previously_accepted';
    const { appId, meta } = await this.standing(claim);
    const data: CallbackReceived = {
      runId: claim.runId,
      step: claim.step,
      kind: claim.kind,
      answer: answering.answer,
      bodySha256,
      remoteAddress: answering.remoteAddress,
      receivedAt: new Date().toISOString(),
    };
    const caused: EventMeta = { correlationId: meta.correlationId, causationId: claim.runId };
    failpoint('gateway.before-resume-append');
    try {
      await this.store.append(streamId, 0, [{ type: 'CallbackReceived', appId, data, meta: caused }]);
    } catch (error) {
      // Somebody answered at the same moment.
      if (!(error instanceof VersionConflictError)) throw error;
      return (await this.isRepeated(streamId, bodySha256)) ? 'previously_accepted' : Promise.reject(alreadyAnswered());
    }
    failpoint('gateway.after-resume-append');
    return 'accepted';
  }

  /** @throws AppError `already_answered` when another body was stored. */
  private async isRepeated(streamId: string, bodySha256: string): Promise<boolean> {
    const [stored] = await this.store.read(streamId);
    if (!stored) return false;
    if ((stored.data as CallbackReceived).bodySha256 === bodySha256) return true;
    throw alreadyAnswered();
  }

  private async factsOf(runId: string): Promise<StoredEvent[]> {
    try {
      return await readStreamFacts(this.pool, STANDING, runId);
    } catch (error) {
      if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return [];
      throw error;
    }
  }
}

const unknownLink = (): Error => gatewayError('unknown_link', 'There is no such link.');
const alreadyAnswered = (): Error => gatewayError('already_answered', 'The link was used already.');

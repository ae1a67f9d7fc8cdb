import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AccessControl, type Principal, type TriggerCaller } from '@sluice/access';
import { isUuid, type TriggerState, usesToken } from '@sluice/contracts';
import { outboundClientOf, type OutboundClient } from '@sluice/outbound-http';
import { InjectPool, InjectSettings, platformError, type Settings } from '@sluice/platform';
import { SealedValues } from '@sluice/sealed-values';
import { CredentialVerifiers, isAuthentic, KeySets, type SecuredTrigger } from '@sluice/trigger-credentials';
import type { Pool } from 'pg';
import { RunsQueries, triggerIdOf } from './runs.query.ts';

/** How long a trigger is taken for what it was; a change reaches gateways within a second, too. */
const FRESH_MS = 1_000;
const MAX_TRIGGERS = 1_000;
/** Strangers make us read a run and a trigger; more often than this they are told to come again. */
const LOOK_UPS_PER_S = 200;
/** The registry has not started for the first time: there are no triggers. */
const UNDEFINED_TABLE = '42P01';

interface Known extends SecuredTrigger {
  appId: string;
  tokenHashes: readonly Buffer[];
  readAtMs: number;
}

/**
 * GW-06: a run may be looked at with the credential of its trigger, in whichever form the trigger has it: a header of its
 * own, basic, a JWT, a signature over the request's path. Which trigger that is, the run says. The guard asks here only for what is no token that it knows.
 */
@Injectable()
export class TriggerCallers implements OnModuleInit, OnApplicationShutdown {
  private readonly outbound: OutboundClient;
  private readonly verifiers: CredentialVerifiers;
  private readonly triggers = new Map<string, Known>();
  private windowStart = 0;
  private asked = 0;

  constructor(
    private readonly access: AccessControl,
    private readonly runs: RunsQueries,
    @InjectPool('runner') private readonly pool: Pool,
    @InjectSettings() settings: Settings,
  ) {
    this.outbound = outboundClientOf(settings);
    const sealed = new SealedValues({ pool, keys: settings.encryptionKeys });
    this.verifiers = new CredentialVerifiers(sealed, new KeySets(this.outbound, Date.now));
  }

  onModuleInit(): void {
    this.access.knowTriggerCallers((caller) => this.identify(caller));
  }

  onApplicationShutdown(): Promise<void> {
    return this.outbound.close();
  }

  /** @throws AppError 503 when secret or keys cannot be had now; `too_many_requests`. */
  private async identify(caller: TriggerCaller): Promise<Principal | null> {
    const { runId } = caller;
    if (!isUuid(runId)) return null;
    this.count();
    const found = await this.runs.find(runId.toLowerCase());
    const triggerId = found === null ? null : triggerIdOf(found);
    const trigger = triggerId === null ? null : await this.trigger(triggerId);
    if (trigger === null || !(await this.proves(trigger, caller))) return null;
    const { appId } = trigger;
    return {
      kind: 'trigger',
      tokenId: trigger.triggerId,
      appId,
      scopes: [],
      userId: null,
      triggerId: trigger.triggerId,
    };
  }

  /**
   * A signature is over the path of this request, where it is over the body of one that triggers: over nothing, whoever
   * saw it once could use it for every run. Without a credential there is nothing to show.
   */
  private async proves(trigger: Known, { path, headers }: TriggerCaller): Promise<boolean> {
    const { auth } = trigger;
    if (usesToken(auth)) return isAuthentic(auth, trigger.tokenHashes, headers);
    if (auth.type === 'none') return false;
    return (await this.verifiers.denialOf(trigger, headers, Buffer.from(path))) === null;
  }

  private async trigger(id: string): Promise<Known | null> {
    const known = this.triggers.get(id);
    if (known !== undefined && Date.now() - known.readAtMs < FRESH_MS) return known;
    const state = await this.stateOf(id);
    this.triggers.delete(id);
    if (state === null) return null;
    const read = {
      triggerId: state.id,
      appId: state.appId,
      auth: state.auth,
      secrets: state.secrets?.map(({ value }) => value) ?? [],
      tokenHashes: state.tokens.map(({ sha256 }) => Buffer.from(sha256, 'hex')),
      readAtMs: Date.now(),
    };
    if (this.triggers.size >= MAX_TRIGGERS) this.triggers.clear();
    this.triggers.set(id, read);
    return read;
  }

  private async stateOf(id: string): Promise<TriggerState | null> {
    try {
      const { rows } = await this.pool.query<{ state: string }>({
        name: 'runner_trigger_of_run',
        text: 'select state from registry.routes where trigger_id = $1',
        values: [id],
      });
      return rows[0] ? (JSON.parse(rows[0].state) as TriggerState) : null;
    } catch (error) {
      if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return null;
      throw error;
    }
  }

  private count(): void {
    const now = Date.now();
    if (now - this.windowStart >= 1_000) {
      this.windowStart = now;
      this.asked = 0;
    }
    if (++this.asked > LOOK_UPS_PER_S) {
      throw platformError('too_many_requests', 'too many unknown credentials are being looked at; try again');
    }
  }
}

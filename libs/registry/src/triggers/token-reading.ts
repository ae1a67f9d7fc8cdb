import { Injectable } from '@nestjs/common';
import type { AppScope } from '@sluice/access';
import type { FlowDefinition, TriggerState } from '@sluice/contracts';
import { platformError } from '@sluice/platform';
import { SealedValues, UnsealError } from '@sluice/sealed-values';
import { type Actor, ChangeLog } from '../changes/change-log.ts';
import { FlowQueries } from '../flows/flows.query.ts';
import { registryError } from '../registry.errors.ts';
import type { TriggerToken } from './trigger-token.ts';
import { triggerRow } from './trigger-rows.ts';
import { Triggers } from './triggers.ts';

/** A token that was opened for somebody; that it was is in the trigger's history already. */
export interface ReadToken {
  state: TriggerState;
  token: TriggerToken;
  clear: string;
  definition: FlowDefinition;
}

/** LC-03: whoever may edit the flow can read the token of its webhook at any time, and each reading is recorded. */
@Injectable()
export class TokenReading {
  constructor(
    private readonly triggers: Triggers,
    private readonly changes: ChangeLog,
    private readonly values: SealedValues,
    private readonly flows: FlowQueries,
  ) {}

  /**
   * The newest live token, in clear, once the history says who read it.
   * @throws AppError `token_shown_once` for the other profiles, `not_found` when no token is live, `token_unreadable`.
   */
  async read(id: string, app: AppScope, actor: Actor): Promise<ReadToken> {
    return this.changes.deciding(undefined, async () => {
      const { state, streamVersion } = await this.triggers.get(id, app);
      const token = readableToken(state);
      const clear = await this.open(token);
      await this.changes.commit({
        streamId: state.id,
        expectedVersion: streamVersion,
        appId: state.appId,
        actor,
        events: [{ type: 'TriggerTokenRead', data: { trigger: state } }],
        alongside: [triggerRow(state, streamVersion + 1, false)],
      });
      const flow = state.flowId === null ? null : await this.flows.byId(state.flowId);
      return { state, token, clear, definition: flow?.definition ?? { steps: [] } };
    });
  }

  private async open(token: TriggerToken): Promise<string> {
    if (!token.sealed) throw new Error(`token ${token.id} was never sealed`);
    try {
      return await this.values.open(token.sealed);
    } catch (error) {
      if (!(error instanceof UnsealError)) throw error;
      const detail = 'none of the configured encryption keys opens it: restore the key, or add a new token';
      throw registryError('token_unreadable', detail, { cause: error });
    }
  }
}

function readableToken(state: TriggerState): TriggerToken {
  if (state.profile !== 'flow') {
    throw registryError('token_shown_once', 'only a token of profile "flow" can be read again: add a new one');
  }
  const token = state.tokens.findLast((each) => each.sealed !== undefined);
  if (!token) throw platformError('not_found', 'the trigger has no live token: add one');
  return token;
}

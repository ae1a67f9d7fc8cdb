import { Injectable, Logger } from '@nestjs/common';
import { grantAccess, hashToken, newToken, revokeAccess } from '@sluice/access';
import { newId } from '@sluice/contracts';
import type { EventStorePort } from '@sluice/event-store';
import { InjectPool, InjectStore } from '@sluice/platform';
import type { Pool } from 'pg';

const log = new Logger('runner.listeners');
/** What was sent just before the end may still arrive; and a clock may be a little ahead. */
const SLACK_MS = 10_000;
/** Rows of tokens that are long over are of use to nobody. In portions: a long transaction holds up readers of events. */
const FORGET_ROWS = 5_000;
const FORGET = `delete from access.tokens where token_id in (
  select token_id from access.tokens where kind = 'call' and expires_at < now() - interval '1 day'
  limit ${FORGET_ROWS} for update skip locked)`;
const FORGET_EVERY_MS = 3_600_000;

export interface CallToken {
  id: string;
  clear: string;
}

/** Tokens that are lent to an app's listener while it is called (LN-06): they act in their app, and die with the call. */
@Injectable()
export class CallTokens {
  private forgottenAtMs = Date.now();

  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    @InjectPool('runner') private readonly pool: Pool,
  ) {}

  /** Works at every service when this resolves. @throws a transient error when the database is away. */
  async lend(appId: string, forMs: number): Promise<CallToken> {
    const clear = newToken('sluice_api');
    const id = newId();
    const grant = grantAccess([
      {
        tokenId: id,
        sha256: hashToken(clear),
        kind: 'call',
        appId,
        userId: null,
        triggerId: null,
        scopes: ['automation'],
        expiresAt: new Date(Date.now() + forMs + SLACK_MS).toISOString(),
      },
    ]);
    await this.store.commit({ appends: [], alongside: [grant] });
    return { id, clear };
  }

  /** Ends it; when the database is away it ends by itself, at the time that was said when it was lent. */
  async takeBack(token: CallToken): Promise<void> {
    try {
      await this.store.commit({ appends: [], alongside: [revokeAccess([token.id])] });
      if (Date.now() - this.forgottenAtMs < FORGET_EVERY_MS) return;
      this.forgottenAtMs = Date.now();
      void this.forget();
    } catch (error) {
      log.warn(`a token lent to a listener could not be taken back and ends by itself: ${(error as Error).message}`);
    }
  }

  /** Never rejects: what could not be forgotten now is in an hour. Nobody waits for it. */
  private async forget(): Promise<void> {
    try {
      while (((await this.pool.query(FORGET)).rowCount ?? 0) === FORGET_ROWS);
    } catch (error) {
      log.warn(`tokens lent to listeners long ago could not be removed: ${(error as Error).message}`);
    }
  }
}

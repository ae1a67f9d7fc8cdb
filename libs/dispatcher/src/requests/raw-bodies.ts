import { Injectable } from '@nestjs/common';
import type { AttemptError, SentEvent } from '@sluice/contracts';
import { PayloadError, Payloads } from '@sluice/payloads';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';

/** The bodies of requests that are handed on as they came (GW-11). */
@Injectable()
export class RawBodies {
  private readonly payloads: Payloads;

  constructor(@InjectPool('dispatcher') pool: Pool) {
    this.payloads = new Payloads(pool);
  }

  /** Null for an event that is no such request; an error that no other attempt will mend. @throws what the database throws */
  async of({ forward }: SentEvent): Promise<Uint8Array | AttemptError | null> {
    if (!forward) return null;
    if (forward.payloadId === undefined) {
      return forward.base64 === undefined ? Buffer.from(forward.text ?? '') : Buffer.from(forward.base64, 'base64');
    }
    try {
      return await this.payloads.get(forward.payloadId);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      return { stage: 'request', code: 'body_gone', message: 'the body of the request is not kept any more' };
    }
  }
}

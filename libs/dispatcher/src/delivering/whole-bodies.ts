import { Injectable } from '@nestjs/common';
import type { AttemptFinished } from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import { Payloads } from '@sluice/payloads';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';

/**
 * ET-09: View events shows bodies whole. An event has 64 KiB of one at most (it goes over the bus, and to everybody who
 * reads attempts); a longer one is kept in libs/payloads as well, and the delivery log takes it away when its delivery
 * is none of the endpoint's last hundred any more.
 */
@Injectable()
export class WholeBodies {
  private readonly payloads: Payloads;

  constructor(@InjectPool('dispatcher') pool: Pool) {
    this.payloads = new Payloads(pool);
  }

  /** Whether the attempt has all of its bodies itself. */
  isWhole({ request, response }: AttemptFinished): boolean {
    return request.truncated !== true && response?.truncated !== true;
  }

  /** The attempt with references to the bodies that it has only in part. @throws what the database throws */
  async keep(
    attempt: AttemptFinished,
    sent: string | Uint8Array,
    answered: Uint8Array | null,
  ): Promise<AttemptFinished> {
    const isRequestCut = attempt.request.truncated === true;
    const isResponseCut = answered !== null && attempt.response?.truncated === true;
    if (!isRequestCut && !isResponseCut) return attempt;
    const ids = await this.payloads.putAll([
      ...(isRequestCut ? [typeof sent === 'string' ? Buffer.from(sent) : sent] : []),
      ...(isResponseCut ? [answered] : []),
    ]);
    const [requestId, responseId] = isRequestCut ? ids : [undefined, ids[0]];
    return {
      ...attempt,
      request: requestId === undefined ? attempt.request : { ...attempt.request, payloadId: requestId },
      response:
        attempt.response === null || responseId === undefined
          ? attempt.response
          : { ...attempt.response, payloadId: responseId },
    };
  }

  /** What keeps them from the sweep of orphans, for the commit that records the attempt. */
  referencesOf({ request, response }: AttemptFinished): Alongside[] {
    const ids = [request.payloadId, response?.payloadId].filter((id) => id !== undefined);
    return ids.length === 0 ? [] : [this.payloads.reference(ids)];
  }
}

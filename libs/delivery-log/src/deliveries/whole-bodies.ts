import { Injectable } from '@nestjs/common';
import { PayloadError, Payloads } from '@sluice/payloads';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { DeliveryView, RecordedDelivery } from './deliveries.query.ts';

/** Bodies of one delivery that are shown whole, together: eight attempts of 1 MiB each way, and the answer stays bounded. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Of an answer no more is read, so one of this length was longer. */
const MAX_READ_BYTES = 1024 * 1024;

/** ET-09: the bodies of a delivery as they were sent and read, where its attempts have only their beginning. */
@Injectable()
export class WholeBodies {
  private readonly payloads: Payloads;

  constructor(@InjectPool('delivery-log') pool: Pool) {
    this.payloads = new Payloads(pool);
  }

  /** The newest attempts first; what is not kept any more, or is past the bound, stays cut and marked. */
  async fill({ delivery, attempts }: RecordedDelivery): Promise<DeliveryView> {
    let left = MAX_BYTES;
    const wholeOf = async (payloadId: string | undefined): Promise<string | null> => {
      if (payloadId === undefined || left <= 0) return null;
      const bytes = await this.find(payloadId);
      left -= bytes?.length ?? 0;
      return bytes?.toString() ?? null;
    };
    const views: DeliveryView['attempts'] = [];
    for (const [index, view] of [...delivery.attempts.entries()].reverse()) {
      const { request, response } = attempts[index] ?? {};
      const sent = await wholeOf(request?.payloadId);
      const answered = await wholeOf(response?.payloadId);
      views.unshift({
        ...view,
        request: sent === null ? view.request : { ...view.request, body: sent, truncated: false },
        response:
          answered === null || view.response === null
            ? view.response
            : { ...view.response, body: answered, truncated: Buffer.byteLength(answered) >= MAX_READ_BYTES },
      });
    }
    return { ...delivery, attempts: views };
  }

  private async find(payloadId: string): Promise<Buffer | null> {
    try {
      return await this.payloads.get(payloadId);
    } catch (error) {
      if (error instanceof PayloadError) return null;
      throw error;
    }
  }
}

import { Injectable } from '@nestjs/common';
import type { TriggerAccepted } from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import { PayloadError, Payloads } from '@sluice/payloads';
import { InjectPool } from '@sluice/platform';
import { BodyProblem, readBody } from '@sluice/request-body';
import type { Pool } from 'pg';
import { MAX_OUTPUT_BYTES } from './run-limits.ts';

/** What a request brought, read as the gateway read it when it accepted it; what cannot be read fails its run alone. */
export type ReadInput = { value: unknown } | { problem: { code: string; message: string } };

type BodyKind = TriggerAccepted['bodyKind'];
const NOTHING = Buffer.alloc(0);

/** The input of runs, from the bytes that travel with the event or lie in libs/payloads. */
@Injectable()
export class RunInputs {
  private readonly payloads: Payloads;

  constructor(@InjectPool('runner') pool: Pool) {
    this.payloads = new Payloads(pool);
  }

  ofBody(kind: BodyKind, body: Buffer | null): ReadInput {
    if (body === null && kind !== 'empty') {
      return { problem: { code: 'body_missing', message: 'the body of the request is no longer stored' } };
    }
    try {
      return { value: readBody(kind, body ?? NOTHING) };
    } catch (error) {
      if (error instanceof BodyProblem) return { problem: { code: error.code, message: error.detail } };
      throw error;
    }
  }

  /** @throws a transient error when the database is away. */
  async ofPayload(payload: { id: string; kind: BodyKind }): Promise<ReadInput> {
    try {
      return this.ofBody(payload.kind, await this.payloads.get(payload.id));
    } catch (error) {
      if (error instanceof PayloadError) return { problem: { code: 'body_missing', message: error.message } };
      throw error;
    }
  }

  /** Puts an input that is too large for an event into libs/payloads; the alongside belongs to the run's first append. */
  async storeIfLarge(
    value: unknown,
  ): Promise<{ bytes: number; payload: { id: string; kind: 'json' } | null; alongside: Alongside[] }> {
    const text = Buffer.from(JSON.stringify(value));
    const bytes = text.length;
    if (bytes <= MAX_OUTPUT_BYTES) return { bytes, payload: null, alongside: [] };
    const id = await this.payloads.put(text);
    return { bytes, payload: { id, kind: 'json' }, alongside: [this.payloads.reference([id])] };
  }

  /** @throws a transient error when the database is away. */
  async ofTrigger(data: TriggerAccepted, body: Buffer | null): Promise<ReadInput> {
    return data.bodyPayloadId === null
      ? this.ofBody(data.bodyKind, body)
      : this.ofPayload({ id: data.bodyPayloadId, kind: data.bodyKind });
  }
}

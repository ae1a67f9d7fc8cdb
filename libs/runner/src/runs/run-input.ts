import { Injectable } from '@nestjs/common';
import type { RunStarted, TriggerAccepted } from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import { PayloadError, Payloads } from '@sluice/payloads';
import { InjectPool } from '@sluice/platform';
import { type BodyContext, BodyProblem, mergeQuery, readBody, WIDEST_BODY_LIMITS } from '@sluice/request-body';
import type { Pool } from 'pg';
import { MAX_OUTPUT_BYTES } from './run-limits.ts';

/** What a request brought, read as the gateway read it when it accepted it; what cannot be read fails its run alone. */
export type ReadInput = { value: unknown; fromQuery?: string[] } | { problem: { code: string; message: string } };

type BodyKind = TriggerAccepted['bodyKind'];
const NOTHING = Buffer.alloc(0);

/** The input of runs, from the bytes that travel with the event or lie in libs/payloads. */
@Injectable()
export class RunInputs {
  private readonly payloads: Payloads;

  constructor(@InjectPool('runner') pool: Pool) {
    this.payloads = new Payloads(pool);
  }

  ofBody(kind: BodyKind, body: Buffer | null, context?: BodyContext): ReadInput {
    if (body === null && kind !== 'empty') {
      return { problem: { code: 'body_missing', message: 'the body of the request is no longer stored' } };
    }
    try {
      return { value: readBody(kind, body ?? NOTHING, context, WIDEST_BODY_LIMITS) };
    } catch (error) {
      if (error instanceof BodyProblem) return { problem: { code: error.code, message: error.detail } };
      throw error;
    }
  }

  /** @throws a transient error when the database is away. */
  async ofPayload(payload: NonNullable<RunStarted['inputPayload']>): Promise<ReadInput> {
    try {
      return withQuery(this.ofBody(payload.kind, await this.payloads.get(payload.id), payload), payload.query);
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

  /**
   * A promise only where the body has to be fetched.
   * @throws a transient error when the database is away.
   */
  ofTrigger(data: TriggerAccepted, body: Buffer | null): ReadInput | Promise<ReadInput> {
    const payload = payloadOf(data);
    if (payload !== null) return this.ofPayload(payload);
    return withQuery(this.ofBody(data.bodyKind, body, data), mergedQueryOf(data));
  }
}

/** Where the input of a request with a large body lies, as its run remembers it. */
export function payloadOf(data: TriggerAccepted): NonNullable<RunStarted['inputPayload']> | null {
  if (data.bodyPayloadId === null) return null;
  const query = mergedQueryOf(data);
  const { bodyKind: kind, profile, contentType, fileIds } = data;
  return {
    id: data.bodyPayloadId,
    kind,
    profile,
    contentType,
    ...(fileIds ? { fileIds } : {}),
    ...(query ? { query } : {}),
  };
}

/** Only profile `flow` makes one dictionary of body and query (LC-09). */
function mergedQueryOf(data: TriggerAccepted): TriggerAccepted['query'] | undefined {
  return data.profile === 'flow' ? data.query : undefined;
}

function withQuery(input: ReadInput, query: TriggerAccepted['query'] | undefined): ReadInput {
  return query === undefined || 'problem' in input ? input : mergeQuery(input.value, query);
}

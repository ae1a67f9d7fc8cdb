import { isUtf8 } from 'node:buffer';
import { Injectable } from '@nestjs/common';
import type { RequestCaptured } from '@sluice/contracts';
import { PayloadError, Payloads } from '@sluice/payloads';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import { type BodyLimits, BodyProblem, bodyKindOf, readBody } from '@sluice/request-body';
import type { Pool } from 'pg';
import { KEPT_SAMPLES } from './samples.projection.ts';
import type { SampleView } from './samples.requests.ts';

interface Row {
  id: string;
  app_id: string;
  captured_at: Date;
  data: string;
  body: Buffer | null;
}

type Read = Pick<SampleView, 'value' | 'problem'>;
const NOTHING = Buffer.alloc(0);

/** What a flow would have seen of the body, or why it would have been refused. */
function readAs({ profile, contentType }: RequestCaptured, body: Buffer, limits: BodyLimits): Read {
  try {
    const kind = bodyKindOf(contentType ?? undefined, body, profile);
    return { value: readBody(kind, body, { profile, contentType }, limits), problem: null };
  } catch (error) {
    if (!(error instanceof BodyProblem)) throw error;
    return { value: null, problem: { code: error.code, detail: error.detail } };
  }
}

@Injectable()
export class SamplesQueries {
  private readonly payloads: Payloads;

  readonly #limits: BodyLimits;

  constructor(
    @InjectPool('delivery-log') private readonly pool: Pool,
    @InjectSettings() settings: Pick<Settings, 'requestLimits'>,
  ) {
    this.payloads = new Payloads(pool);
    this.#limits = settings.requestLimits.body;
  }

  /** Newest first. @param id only that one. */
  async list(appId: string, triggerId: string, id?: string): Promise<SampleView[]> {
    const { rows } = await this.pool.query<Row>(
      `select id, app_id, captured_at, data, body from delivery_log.samples
       where app_id = $1 and trigger_id = $2 and ($3::uuid is null or id = $3)
       order by captured_at desc, id desc limit ${KEPT_SAMPLES}`,
      [appId, triggerId, id ?? null],
    );
    const views: SampleView[] = [];
    for (const row of rows) views.push(await this.viewOf(row));
    return views;
  }

  /** Which of these captures have their sample. */
  async present(ids: readonly string[]): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'delivery_log_samples_present',
      text: 'select id from delivery_log.samples where id = any($1::uuid[])',
      values: [ids],
    });
    return rows.map((row) => row.id);
  }

  private async viewOf(row: Row): Promise<SampleView> {
    const data = JSON.parse(row.data) as RequestCaptured;
    const body = data.bodyPayloadId === null ? (row.body ?? NOTHING) : await this.large(data.bodyPayloadId);
    const { method, query, headers, contentType, remoteAddress, bodySize, bodySha256 } = data;
    return {
      id: row.id,
      appId: row.app_id,
      triggerId: data.triggerId,
      flowId: data.flowId,
      capturedAt: row.captured_at.toISOString(),
      method,
      query,
      headers,
      contentType,
      remoteAddress,
      bodySize,
      bodySha256,
      body: isUtf8(body) ? body.toString('utf8') : null,
      ...(body.length === bodySize ? readAs(data, body, this.#limits) : LOST),
    };
  }

  private async large(payloadId: string): Promise<Buffer> {
    try {
      return await this.payloads.get(payloadId);
    } catch (error) {
      if (error instanceof PayloadError) return NOTHING;
      throw error;
    }
  }
}

const LOST: Read = { value: null, problem: { code: 'body_missing', detail: 'the body is no longer stored' } };

import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { InjectSettings, type RequestLimits, type Settings } from '@sluice/platform';
import type { Admission, AdmissionCheck } from '../accept/admission.ts';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { gatewayError } from '../gateway.errors.ts';
import { BodyBudget } from './body-budget.ts';
import { type ContentCoding, codingOf } from './content-encoding.rules.ts';

type Decode = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const zlib = promisify(inflate) as Decode;
const raw = promisify(inflateRaw) as Decode;
const DECODERS: Record<ContentCoding, Decode> = {
  gzip: promisify(gunzip) as Decode,
  br: promisify(brotliDecompress) as Decode,
  // RFC 9110 §8.4.1.2 means the zlib format (RFC 1950, method 8); some senders leave its header out.
  deflate: (body, options) => (((body[0] as number) & 0x0f) === 8 ? zlib : raw)(body, options),
};

export type DecodingLimits = Pick<RequestLimits, 'maxBodyBytes' | 'maxBodyRatio'>;

/** How long a body may be once it is decoded: what any body may be, and not out of proportion to what was sent. */
function mostBytesOf(body: Buffer, { maxBodyBytes, maxBodyRatio }: DecodingLimits): number {
  return Math.min(maxBodyBytes, Math.max(GATEWAY_LIMITS.freeDecodedBytes, body.length * maxBodyRatio));
}

/**
 * The bytes that were compressed (GW-07). Decoding stops at the first byte too many, so a bomb costs what a body of
 * the limit costs.
 * @throws AppError `body_too_large` | `malformed_content_encoding`
 */
export async function decoded(coding: ContentCoding, body: Buffer, limits: DecodingLimits): Promise<Buffer> {
  const maxOutputLength = mostBytesOf(body, limits);
  try {
    return await DECODERS[coding](body, { maxOutputLength });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const detail = `Decompressed, this body may have at most ${maxOutputLength} bytes (${limits.maxBodyRatio} times what was sent, ${limits.maxBodyBytes} in any case).`;
      throw gatewayError('body_too_large', detail);
    }
    throw gatewayError('malformed_content_encoding', `The body is not valid ${coding}.`, { cause: error });
  }
}

/**
 * Decompresses the body of a caller who may start the trigger. Signatures were checked over the bytes as they came;
 * everything after this, the stored body too, is what they meant.
 */
@Injectable()
export class BodyDecoding implements AdmissionCheck {
  readonly #limits: DecodingLimits;

  constructor(
    private readonly budget: BodyBudget,
    @InjectSettings() settings: Settings,
  ) {
    this.#limits = settings.requestLimits;
  }

  check(admission: Admission): Promise<void> | undefined {
    const coding = codingOf(admission.request.headers['content-encoding']);
    if (coding === null || admission.body.length === 0) return undefined;
    return this.#decode(admission, coding);
  }

  async #decode(admission: Admission, coding: ContentCoding): Promise<void> {
    const { body } = admission;
    const plain = await decoded(coding, body, this.#limits);
    const more = plain.length - body.length;
    if (more > 0 && !this.budget.take(more)) {
      throw gatewayError('overloaded', 'Too many bodies are being received at once; try again.');
    }
    if (more < 0) this.budget.give(-more);
    admission.body = plain;
    admission.more = { ...admission.more, contentEncoding: coding };
  }
}

import type { CustomHmacAuth, HmacAlgorithm, HmacAuth, HmacPreset, SecretEncoding } from '@sluice/contracts';
import type { RequestHeaders } from './request-headers.ts';
import { type ContentPart, contentPartsOf } from './signed-content.rules.ts';

/** What a request presents of a signature. */
export interface Presented {
  /** As text in the scheme's encoding; any of them may be the right one. */
  signatures: readonly string[];
  timestamp: string | null;
  id: string | null;
}

/** How a signature over the raw body is written, whoever's it is. */
export interface SignatureScheme {
  algorithm: HmacAlgorithm;
  encoding: 'hex' | 'base64';
  content: readonly ContentPart[];
  /** Seconds a timestamp may be off, either way; null where none is signed. */
  toleranceSeconds: number | null;
  /** `whsec`: base64, with or without `whsec_` before it. */
  secretEncoding: SecretEncoding | 'whsec';
  /** Lower case; they prove the request, so they are not recorded. */
  signatureHeaders: readonly string[];
  /** Null when the request has no signature or one that is written otherwise. */
  present(headers: RequestHeaders): Presented | null;
}

export const DEFAULT_TOLERANCE_SECONDS = 300;
/** Vendors send one signature per live key; more are not looked at. */
const MAX_SIGNATURES = 16;

const BODY = contentPartsOf('{body}');
const TIMESTAMP_BODY = contentPartsOf('{timestamp}.{body}');

/** One signature in a header of its own, as most vendors send it. */
function plain(header: string, prefix: string, timestampHeader: string | null, idHeader: string | null) {
  return (headers: RequestHeaders): Presented | null => {
    const value = textOf(headers, header);
    if (value === null || !value.startsWith(prefix)) return null;
    const timestamp = timestampHeader === null ? null : textOf(headers, timestampHeader);
    const id = idHeader === null ? null : textOf(headers, idHeader);
    if ((timestampHeader !== null && timestamp === null) || (idHeader !== null && id === null)) return null;
    return { signatures: [value.slice(prefix.length)], timestamp, id };
  };
}

/** `t=1492774577,v1=5257a8…,v1=6ffbb5…`; other versions are not ours to judge. */
function stripeHeader(headers: RequestHeaders): Presented | null {
  const value = textOf(headers, 'stripe-signature');
  if (value === null) return null;
  const pairs = value.split(',', MAX_SIGNATURES).map((pair) => pair.trim());
  const timestamp = pairs.find((pair) => pair.startsWith('t='))?.slice(2) ?? null;
  const signatures = pairs.filter((pair) => pair.startsWith('v1=')).map((pair) => pair.slice(3));
  return timestamp === null || signatures.length === 0 ? null : { signatures, timestamp, id: null };
}

/** `v1,<base64> v1,<base64>` beside id and timestamp, under the names of Standard Webhooks or of Svix. */
function standardHeaders(headers: RequestHeaders): Presented | null {
  return standardUnder('webhook-', headers) ?? standardUnder('svix-', headers);
}

function standardUnder(family: string, headers: RequestHeaders): Presented | null {
  const [id, timestamp, value] = [
    textOf(headers, `${family}id`),
    textOf(headers, `${family}timestamp`),
    textOf(headers, `${family}signature`),
  ];
  if (id === null || timestamp === null || value === null) return null;
  const entries = value.split(' ', MAX_SIGNATURES).filter((entry) => entry.startsWith('v1,'));
  return entries.length === 0 ? null : { signatures: entries.map((entry) => entry.slice(3)), timestamp, id };
}

function textOf(headers: RequestHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

const HUB: SignatureScheme = {
  algorithm: 'sha256',
  encoding: 'hex',
  content: BODY,
  toleranceSeconds: null,
  secretEncoding: 'text',
  signatureHeaders: ['x-hub-signature-256', 'x-hub-signature'],
  present: plain('x-hub-signature-256', 'sha256=', null, null),
};

/** Each as its vendor documents it; tested against signatures made by the vendors' own libraries. */
const PRESETS: Readonly<Record<HmacPreset, SignatureScheme>> = {
  github: HUB,
  meta: HUB,
  stripe: {
    ...HUB,
    content: TIMESTAMP_BODY,
    toleranceSeconds: DEFAULT_TOLERANCE_SECONDS,
    signatureHeaders: ['stripe-signature'],
    present: stripeHeader,
  },
  shopify: {
    ...HUB,
    encoding: 'base64',
    signatureHeaders: ['x-shopify-hmac-sha256'],
    present: plain('x-shopify-hmac-sha256', '', null, null),
  },
  slack: {
    ...HUB,
    content: contentPartsOf('v0:{timestamp}:{body}'),
    toleranceSeconds: DEFAULT_TOLERANCE_SECONDS,
    signatureHeaders: ['x-slack-signature'],
    present: plain('x-slack-signature', 'v0=', 'x-slack-request-timestamp', null),
  },
  standard: {
    ...HUB,
    encoding: 'base64',
    content: contentPartsOf('{id}.{timestamp}.{body}'),
    toleranceSeconds: DEFAULT_TOLERANCE_SECONDS,
    secretEncoding: 'whsec',
    signatureHeaders: ['webhook-signature', 'svix-signature'],
    present: standardHeaders,
  },
};

function customScheme(auth: CustomHmacAuth): SignatureScheme {
  const header = auth.header.toLowerCase();
  const timestampHeader = auth.timestampHeader?.toLowerCase() ?? null;
  return {
    algorithm: auth.algorithm,
    encoding: auth.encoding,
    content: contentPartsOf(auth.signedContent),
    toleranceSeconds: timestampHeader === null ? null : (auth.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS),
    secretEncoding: auth.secretEncoding,
    signatureHeaders: [header],
    present: plain(header, auth.prefix, timestampHeader, auth.idHeader?.toLowerCase() ?? null),
  };
}

/** A trigger's `auth` is one object for as long as it does not change. */
const known = new WeakMap<HmacAuth, SignatureScheme>();

/** The scheme of a trigger, or null for a preset that is not known here. */
export function schemeOf(auth: HmacAuth): SignatureScheme | null {
  const compiled = known.get(auth);
  if (compiled !== undefined) return compiled;
  const scheme = 'preset' in auth ? presetScheme(auth.preset, auth.toleranceSeconds) : customScheme(auth);
  if (scheme !== null) known.set(auth, scheme);
  return scheme;
}

function presetScheme(preset: HmacPreset, toleranceSeconds: number | undefined): SignatureScheme | null {
  if (!Object.hasOwn(PRESETS, preset)) return null;
  const scheme = PRESETS[preset];
  return toleranceSeconds === undefined ? scheme : { ...scheme, toleranceSeconds };
}

import { createHmac } from 'node:crypto';

/** ET-07: HMAC-SHA1 of the exact body bytes, lower-case hex; the key is the secret's UTF-8 bytes as given. */
export function etlSignature(secret: string, body: string): string {
  return createHmac('sha1', secret).update(body).digest('hex');
}

/**
 * `webhook-signature` of Standard Webhooks 1.0: HMAC-SHA256 of `id.timestamp.body`, base64, with the version in front.
 * The key is what `whsec_…` holds in base64, otherwise the secret's UTF-8 bytes (DL-01).
 * @param timestampSeconds as in `webhook-timestamp`.
 */
export function standardSignature(secret: string, id: string, timestampSeconds: number, body: string): string {
  const digest = createHmac('sha256', standardKey(secret)).update(`${id}.${timestampSeconds}.${body}`).digest('base64');
  return `v1,${digest}`;
}

const PREFIX = 'whsec_';

function standardKey(secret: string): Buffer {
  const encoded = secret.slice(PREFIX.length);
  // Buffer.from passes over what is not base64, so a secret that only looks like one would lose characters.
  if (secret.startsWith(PREFIX) && /^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return Buffer.from(encoded, 'base64');
  return Buffer.from(secret);
}

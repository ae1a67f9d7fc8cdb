import { createHmac } from 'node:crypto';

/** The algorithm of Slack's documentation ("Verifying requests from Slack"). */
export function slackHeaders(secret: string, body: string | Buffer, atMs = Date.now()): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1000));
  const signature = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex');
  return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${signature}` };
}

/** The algorithm of Shopify's documentation ("Verify webhooks"): base64 of the HMAC-SHA256 of the raw body. */
export function shopifyHeaders(secret: string, body: string | Buffer): Record<string, string> {
  return { 'x-shopify-hmac-sha256': createHmac('sha256', secret).update(body).digest('base64') };
}

import { CONNECTION_HEADERS } from './header-names.ts';

// Without a charset: RFC 8259 §11 defines none, and LC-11 names the bare type.
const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';

/** The HTTP status that a rendered `response.status` means, or null when it is not three digits from 200 to 599 (LC-11). */
export function responseStatusOf(rendered: unknown): number | null {
  const text = typeof rendered === 'number' ? String(rendered) : typeof rendered === 'string' ? rendered.trim() : '';
  return /^[2-5]\d\d$/.test(text) ? Number(text) : null;
}

function parsesAsJson(text: string): boolean {
  // A quick look first: most text is neither.
  if (!/^\s*(?:[[{"\d-]|true|false|null)/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** A rendered `response.body` on the wire: text that parses as JSON is JSON, and so is what is no text (LC-11). */
export function responseContentOf(rendered: unknown): { contentType: string; body: string } {
  const body = typeof rendered === 'string' ? rendered : JSON.stringify(rendered ?? null);
  return { contentType: typeof rendered !== 'string' || parsesAsJson(body) ? JSON_TYPE : TEXT_TYPE, body };
}

/** They belong to the connection or to how the body is sent (RFC 9110 §7.6.1), so a flow cannot set them. */
const HOP_HEADERS = new Set([...CONNECTION_HEADERS, 'content-length']);

/** @param name of any case. */
export function isHopHeader(name: string): boolean {
  return HOP_HEADERS.has(name.toLowerCase());
}

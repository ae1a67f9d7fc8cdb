const MASK = '***';
/** Shorter ones would mask half of any text. */
const MIN_LENGTH = 4;
/** What is left of a base64 text without its ends must have so many characters: a secret of 8 bytes or more has. */
const MIN_CORE_LENGTH = 10;

/**
 * The forms in which a secret may stand in a text, all in lower case: as it is, and as URLs, forms, JSON, HTML, hexadecimal digits and
 * base64 write it, also where base64 began before it. What was cut, hashed or encrypted is not among them.
 */
export function formsOf(secrets: readonly string[]): string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < MIN_LENGTH) continue;
    const trimmed = secret.trim();
    for (const each of trimmed.length < MIN_LENGTH ? [secret] : [secret, trimmed]) {
      for (const form of [...inText(each), ...inUrls(each), ...inBytes(each)]) {
        forms.add(form.toLowerCase()).add(inLowerAscii(form));
      }
    }
  }
  // The longest first: one that holds another must not be left half masked.
  return [...forms].sort((a, b) => b.length - a.length);
}

const inLowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

function inText(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    secret.toUpperCase(),
    json,
    json.replaceAll('/', '\\/'),
    // As Python and Java write JSON, and Jinja's `tojson`, which may stand in HTML.
    json.replace(/[^ -~]/g, escaped),
    json.replace(/[<>&']/g, escaped),
    json.replace(/[^ -~]|[<>&']/g, escaped),
    html(secret, '&#34;', '&#39;'),
    html(secret, '&quot;', '&#x27;'),
  ];
}

const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;

const html = (text: string, quote: string, apostrophe: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', quote)
    .replaceAll("'", apostrophe);

function inUrls(secret: string): string[] {
  const inUrl = encodeURIComponent(secret.toWellFormed());
  return [
    inUrl,
    inUrl.replaceAll('%20', '+'),
    // Jinja's `urlencode` leaves slashes, and URLs leave much more as it is.
    inUrl.replaceAll('%2F', '/'),
    encodeURI(secret.toWellFormed()),
    inPython(inUrl),
    inPython(inUrl).replaceAll('%2F', '/'),
    inPython(inUrl).replaceAll('%20', '+'),
    new URLSearchParams({ s: secret }).toString().slice(2),
  ];
}

/** What Python's `quote` escapes besides (RFC 3986 §2.2). */
const inPython = (text: string): string =>
  text.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

function inBytes(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const whole = bytes.toString('base64');
  const forms = [bytes.toString('hex'), whole, whole.replace(/=+$/, '')];
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Six bits a character: those that only the secret decides, whatever stands before and after it.
    const core = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    if (core.length >= MIN_CORE_LENGTH) forms.push(core);
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

/** Where `forms` stand in what is in lower case, in order and without overlaps. */
function placesOf<F extends string | Buffer>(
  lower: { indexOf(form: F, from: number): number },
  forms: readonly F[],
): [from: number, to: number][] {
  const places: [from: number, to: number][] = [];
  for (const form of forms) {
    for (let at = lower.indexOf(form, 0); at >= 0; at = lower.indexOf(form, at + form.length)) {
      places.push([at, at + form.length]);
    }
  }
  if (places.length < 2) return places;
  const apart: [from: number, to: number][] = [];
  for (const [from, to] of places.sort(([a], [b]) => a - b)) {
    const last = apart.at(-1);
    if (last && from < last[1]) last[1] = Math.max(last[1], to);
    else apart.push([from, to]);
  }
  return apart;
}

function maskText(text: string, forms: readonly string[]): string {
  const lower = text.toLowerCase();
  // A few letters of other scripts become two in lower case: then places would not be the same.
  const places = placesOf<string>(lower.length === text.length ? lower : inLowerAscii(text), forms);
  if (places.length === 0) return text;
  let masked = '';
  let end = 0;
  for (const [from, to] of places) {
    masked += text.slice(end, from) + MASK;
    end = to;
  }
  return masked + text.slice(end);
}

function maskValue(value: unknown, forms: readonly string[]): unknown {
  if (typeof value === 'string') return maskText(value, forms);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((each) => maskValue(each, forms));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [maskText(key, forms), maskValue(each, forms)]));
}

/** A receiver may echo what it was sent; secrets never enter events, so they are replaced in everything it answers. */
export function mask<T>(value: T, secrets: readonly string[]): T {
  const forms = formsOf(secrets);
  return forms.length === 0 ? value : (maskValue(value, forms) as T);
}

/** The same for bytes of any kind, which may be text; letters beyond ASCII are found as they are. */
export function maskBytes(bytes: Buffer, secrets: readonly string[]): Buffer {
  const forms = formsOf(secrets);
  if (forms.length === 0) return bytes;
  const lower = Buffer.from(bytes);
  for (let at = 0; at < lower.length; at++) {
    const byte = lower[at] as number;
    if (byte >= 0x41 && byte <= 0x5a) lower[at] = byte | 0x20;
  }
  const places = placesOf<Buffer>(
    lower,
    forms.map((form) => Buffer.from(form)),
  );
  if (places.length === 0) return bytes;
  const parts: Buffer[] = [];
  let end = 0;
  for (const [from, to] of places) {
    parts.push(bytes.subarray(end, from), Buffer.from(MASK));
    end = to;
  }
  return Buffer.concat([...parts, bytes.subarray(end)]);
}

const MASK = '***';
/** Shorter ones would mask half of any text. */
const MIN_LENGTH = 4;

/** The forms in which a secret may stand in a text: as it is, and encoded as parts of URLs, JSON, forms and base64 are. */
export function formsOf(secrets: readonly string[]): string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < MIN_LENGTH) continue;
    const plain = Buffer.from(secret);
    const inUrl = encodeURIComponent(secret.toWellFormed());
    for (const form of [
      secret,
      JSON.stringify(secret).slice(1, -1),
      inUrl,
      inUrl.replaceAll('%20', '+'),
      // Jinja's `urlencode` leaves slashes, and URLs leave much more as it is.
      inUrl.replaceAll('%2F', '/'),
      encodeURI(secret.toWellFormed()),
      inPython(inUrl),
      inPython(inUrl).replaceAll('%2F', '/'),
      inPython(inUrl).replaceAll('%20', '+'),
      inUrl.replace(/%../g, (code) => code.toLowerCase()),
      new URLSearchParams({ s: secret }).toString().slice(2),
      plain.toString('base64'),
      plain.toString('base64url'),
    ]) {
      forms.add(form);
    }
  }
  // The longest first: one that holds another must not be left half masked.
  return [...forms].sort((a, b) => b.length - a.length);
}

/** What Python's `quote` escapes besides (RFC 3986 §2.2). */
const inPython = (text: string): string =>
  text.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

function maskText(text: string, forms: readonly string[]): string {
  return forms.reduce((masked, form) => masked.replaceAll(form, MASK), text);
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

/** The same for bytes of any kind, which may be text. */
export function maskBytes(bytes: Buffer, secrets: readonly string[]): Buffer {
  let masked = bytes;
  for (const form of formsOf(secrets).map((each) => Buffer.from(each))) {
    if (!masked.includes(form)) continue;
    const parts: Buffer[] = [];
    let from = 0;
    for (let at = masked.indexOf(form); at >= 0; at = masked.indexOf(form, from)) {
      parts.push(masked.subarray(from, at), Buffer.from(MASK));
      from = at + form.length;
    }
    masked = Buffer.concat([...parts, masked.subarray(from)]);
  }
  return masked;
}

const MASK = '***';
/** Shorter ones would mask half of any text. */
const MIN_LENGTH = 4;

function maskText(text: string, secrets: readonly string[]): string {
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

function maskValue(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return maskText(value, secrets);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((each) => maskValue(each, secrets));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [maskText(key, secrets), maskValue(each, secrets)]),
  );
}

/** A receiver may echo what it was sent; secrets never enter events, so they are replaced in everything it answers. */
export function mask<T>(value: T, secrets: readonly string[]): T {
  const long = secrets.filter((secret) => secret.length >= MIN_LENGTH);
  return long.length === 0 ? value : (maskValue(value, long) as T);
}

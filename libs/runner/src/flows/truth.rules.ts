const FALSE_TEXTS = new Set(['', 'false', 'none', 'null', '0']);

/** Python's truth of a value: empty and zero are false. */
export function isTruthy(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '' || value === 0) return false;
  if (typeof value === 'number') return !Number.isNaN(value);
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && !(value instanceof Date)) return Object.keys(value).length > 0;
  return true;
}

/** The truth of text that was rendered around expressions (`{% if … %}true{% endif %}`): what it says counts. */
export function saysTrue(text: string): boolean {
  return !FALSE_TEXTS.has(text.trim().toLowerCase());
}

/**
 * Whether a pattern of a subscription covers a type, or another pattern as a whole: `*` is all, `order.*` is everything below
 * `order.`.
 */
export function covers(pattern: string, typeOrPattern: string): boolean {
  if (pattern === '*' || pattern === typeOrPattern) return true;
  return pattern.endsWith('.*') && typeOrPattern.startsWith(pattern.slice(0, -1));
}

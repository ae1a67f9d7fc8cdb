/** DL-02: whether a subscription pattern covers an event type: `*` is all, `order.*` is everything below `order.`. */
export function covers(pattern: string, eventType: string): boolean {
  if (pattern === '*' || pattern === eventType) return true;
  return pattern.endsWith('.*') && eventType.startsWith(pattern.slice(0, -1));
}

export function coversAny(patterns: readonly string[], eventType: string): boolean {
  return patterns.some((pattern) => covers(pattern, eventType));
}

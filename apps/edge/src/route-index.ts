import { ROUTING_TABLE, type RouteRule, type ServiceName } from '@sluice/contracts';

interface IndexedRule {
  service: ServiceName;
  wanted: readonly string[];
  exact: boolean;
  methods: readonly string[] | null;
  weight: number;
}

/**
 * The same answers as routeOf() of libs/contracts (a test compares them), with the table taken apart once: by its first
 * segment a request has 2 to 12 rules to look at rather than 40, and none is split anew.
 */
export function routeIndex(
  table: readonly RouteRule[] = ROUTING_TABLE,
): (method: string, path: string) => ServiceName | null {
  const bySegment = new Map<string, IndexedRule[]>();
  for (const rule of table) {
    const wanted = rule.prefix.split('/').filter(Boolean);
    const weight = wanted.length * 4 + (rule.exact ? 2 : 0) + (rule.methods ? 1 : 0);
    const indexed = {
      service: rule.service,
      wanted,
      exact: rule.exact === true,
      methods: rule.methods ?? null,
      weight,
    };
    const first = wanted[0] ?? '';
    if (first === '*')
      throw new Error(`the prefix ${rule.prefix} begins with a wildcard: the index goes by the first segment`);
    bySegment.set(first, [...(bySegment.get(first) ?? []), indexed]);
  }
  // Heaviest first, so that the first match is the answer; between equals the earlier rule, as in the table.
  for (const rules of bySegment.values()) rules.sort((one, other) => other.weight - one.weight);

  const fits = (rule: IndexedRule, method: string, segments: readonly string[]): boolean =>
    segments.length >= rule.wanted.length &&
    (!rule.exact || segments.length === rule.wanted.length) &&
    (rule.methods === null || rule.methods.includes(method)) &&
    rule.wanted.every((part, index) => part === '*' || part === segments[index]);
  return (method, path) => {
    const segments = path.split('/').filter(Boolean);
    const rules = bySegment.get(segments[0] ?? '');
    return rules?.find((rule) => fits(rule, method, segments))?.service ?? null;
  };
}

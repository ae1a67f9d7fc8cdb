/** Where the entities of built-in events are found, by the first part of the type's name (ET-11). */
const PATHS: Record<string, string> = {
  Flow: 'flows',
  Trigger: 'triggers',
  Endpoint: 'webhooks',
  Token: 'tokens',
  User: 'users',
  App: 'apps',
};

/** What ET-11 says of the sample of a built-in event; null for any other event, and for data that is no such entity. */
export function sampleEntity(type: string, data: unknown): { entityId: string; path: string } | null {
  if (data === null || typeof data !== 'object') return null;
  const entity = data as Record<string, unknown>;
  if (type === 'Flow.Executed' || type === 'Flow.Failed') {
    const { number, flowNumber } = entity;
    return isNumber(number) && isNumber(flowNumber)
      ? { entityId: String(number), path: `/rest/v1/flows/${flowNumber}?auditId=${number}` }
      : null;
  }
  const [first = '', ...rest] = type.split('.');
  const collection = rest.length === 1 && Object.hasOwn(PATHS, first) ? PATHS[first] : undefined;
  // Endpoints are known by an integer `id`, apps by their environment.
  const number = [entity.number, entity.environmentId, entity.id].find(isNumber);
  return collection && number !== undefined
    ? { entityId: String(number), path: `/rest/v1/${collection}/${number}` }
    : null;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}

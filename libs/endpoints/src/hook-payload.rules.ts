import { ACCESS_FIELDS } from './hook-samples.ts';

/**
 * LU-10: the payload of an access type has these keys and no others; one that is not given is null.
 * @returns the payload, or what is wrong with it.
 */
export function accessPayload(given: unknown): { payload: Record<string, unknown> } | { problem: string } {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    return { problem: 'the payload must be an object' };
  }
  const fields = given as Record<string, unknown>;
  const unknown = Object.keys(fields).filter((name) => !ACCESS_FIELDS.includes(name));
  if (unknown.length > 0) {
    return {
      problem: `the payload has ${unknown.join(', ').slice(0, 200)}, and only ${ACCESS_FIELDS.join(', ')} are sent`,
    };
  }
  return { payload: Object.fromEntries(ACCESS_FIELDS.map((name) => [name, fields[name] ?? null])) };
}

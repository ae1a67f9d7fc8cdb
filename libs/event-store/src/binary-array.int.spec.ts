import { newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arrayParameter } from './binary-array.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
});

async function asText(type: string, values: readonly unknown[]): Promise<(string | null)[]> {
  const { rows } = await database.pool.query<{ value: string | null }>(
    `select value::text as value from unnest($1::${type}[]) as t(value)`,
    [arrayParameter(type, values)],
  );
  return rows.map(({ value }) => value);
}

const id = newId();
const CASES: [type: string, values: unknown[], stored: (string | null)[]][] = [
  ['uuid', [id, id.toUpperCase(), null], [id, id, null]],
  ['int2', [-32_768, 32_767, '5'], ['-32768', '32767', '5']],
  ['int4', [-(2 ** 31), 2 ** 31 - 1, 0], ['-2147483648', '2147483647', '0']],
  ['int8', [2n ** 63n - 1n, -(2n ** 63n), 5, '6'], ['9223372036854775807', '-9223372036854775808', '5', '6']],
  ['bigint', [7n], ['7']],
  ['xid8', [2n ** 64n - 1n], ['18446744073709551615']],
  ['float8', [1.5, -1e300], ['1.5', '-1e+300']],
  ['bool', [true, false, undefined], ['true', 'false', null]],
  ['text', ['', 'ä€😀', 'a "quoted" \\ {1,2} NULL', null], ['', 'ä€😀', 'a "quoted" \\ {1,2} NULL', null]],
  [
    'jsonb',
    [{ b: 1, a: [null] }, '{"text": "is JSON already"}'],
    ['{"a": [null], "b": 1}', '{"text": "is JSON already"}'],
  ],
  ['json', [{ b: 1 }], ['{"b":1}']],
  ['bytea', [Buffer.from([0, 255]), new Uint8Array(0)], ['\\x00ff', '\\x']],
  [
    'timestamptz',
    [new Date('2026-11-22T10:20:30.456Z'), '1969-12-31T23:59:59.999Z', new Date(0), null],
    ['2026-11-22 10:20:30.456+00', '1969-12-31 23:59:59.999+00', '1970-01-01 00:00:00+00', null],
  ],
  ['numeric', ['12345678901234567890.5', 7, null], ['12345678901234567890.5', '7', null]],
  ['date', ['2026-11-22'], ['2026-11-22']],
  ['inet', ['10.0.0.0/8'], ['10.0.0.0/8']],
];

describe('an array parameter', () => {
  it.each(CASES)('of %s arrives as PostgreSQL writes it', async (type, values, stored) => {
    expect(await asText(type, values)).toEqual(stored);
    expect(await asText(type, [])).toEqual([]);
  });

  it('is refused before anything is sent when a value cannot be of its type', () => {
    const bad: [string, unknown][] = [
      ['uuid', 'not-a-uuid'],
      ['uuid', `${id.slice(0, 35)}g`],
      ['int4', 1.5],
      ['int4', 2 ** 31],
      ['int8', 'x'],
      ['timestamptz', 'yesterday'],
      ['bytea', 'text'],
    ];
    for (const [type, value] of bad) expect(() => arrayParameter(type, [value])).toThrow();
  });
});

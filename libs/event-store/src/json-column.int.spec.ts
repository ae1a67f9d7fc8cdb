import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readableJson } from './json-column.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
});

it('reads a field of JSON text whatever characters are escaped in it, and of any other text what it holds', async () => {
  const texts: [text: string, name: string][] = [
    ['{"name":"plain","other":1}', 'plain'],
    ['{"other":"a\\u0000b","name":"beside NUL"}', 'beside NUL'],
    ['{"other":"\\ud800","name":"beside half a pair"}', 'beside half a pair'],
    ['{"other":"\\uDC00\\uD800\\u0000","name":"beside several"}', 'beside several'],
    ['{"other":"\\\\u0000 and \\\\\\u0000","name":"beside backslashes"}', 'beside backslashes'],
    ['{"\\u0000":1,"name":"with \\u0000 in it"}', 'with   in it'],
    ['{"name":"\\u00e4 \\u0001"}', 'ä \u0001'],
  ];
  for (const [text, name] of texts) {
    const sql = `select ${readableJson('d')} ->> 'name' as name from (select $1::text as d) t`;
    expect((await database.pool.query<{ name: string }>(sql, [text])).rows).toEqual([{ name }]);
  }
});

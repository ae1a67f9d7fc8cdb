import { ROUTING_TABLE, routeOf } from '@sluice/contracts';
import { expect, test } from 'vitest';
import { routeIndex } from './route-index.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'];

test('the index answers as the table does, for every rule, method and length of path', () => {
  const index = routeIndex();
  const paths = ROUTING_TABLE.flatMap(({ prefix }) => {
    const concrete = prefix.replaceAll('*', '42');
    const parts = concrete.split('/');
    const shorter = parts.slice(0, -1).join('/');
    return [concrete, `${concrete}/`, `${concrete}/x`, `${concrete}/x/y`, `${concrete}x`, shorter, `/${concrete}`];
  });
  const all = [...new Set([...paths, '/', '', '/nowhere', '/v1', '/v1/flows/7/run', '/v1/events', '/v1/events/7'])];
  for (const path of all) {
    for (const method of METHODS)
      expect([method, path, index(method, path)]).toEqual([method, path, routeOf(method, path)]);
  }
  expect(all.length).toBeGreaterThan(150);
});

test('a rule that begins with a wildcard is refused rather than overlooked', () => {
  expect(() => routeIndex([{ service: 'gateway', prefix: '/*/hooks' }])).toThrow(/begins with a wildcard/);
});

import { expect, test } from 'vitest';
import { UPSTREAM_VARIABLES, upstreamsOf } from './upstreams.config.ts';

test('an address keeps its origin only', () => {
  const all = Object.fromEntries(Object.values(UPSTREAM_VARIABLES).map((name) => [name, 'http://somewhere:8080/']));
  expect(upstreamsOf(all)).toMatchObject({
    gateway: ['http://somewhere:8080'],
    'delivery-log': ['http://somewhere:8080'],
  });
});

test('everything that is missing or unreadable is said at once', () => {
  const environment = { SLUICE_UPSTREAM_GATEWAY: 'gateway:8080', SLUICE_UPSTREAM_RUNNER: 'http://runner:8080/base' };
  let message = '';
  try {
    upstreamsOf(environment);
  } catch (error) {
    message = String(error);
  }
  expect(message).toContain('5 problems');
  expect(message).toContain('SLUICE_UPSTREAM_GATEWAY is not an address: "gateway:8080"');
  expect(message).toContain('SLUICE_UPSTREAM_RUNNER is not an address');
  expect(message).toContain('SLUICE_UPSTREAM_REGISTRY is required here');
});

test('a service may have several instances', () => {
  const all = Object.fromEntries(Object.values(UPSTREAM_VARIABLES).map((name) => [name, 'http://a:1, http://b:2']));
  expect(upstreamsOf(all).runner).toEqual(['http://a:1', 'http://b:2']);
  expect(() => upstreamsOf({ ...all, SLUICE_UPSTREAM_RUNNER: 'http://a:1,,' })).toThrow('SLUICE_UPSTREAM_RUNNER');
});

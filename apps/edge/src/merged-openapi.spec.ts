import { expect, test } from 'vitest';
import { mergeOpenApi } from './merged-openapi.ts';

const schema = (name: string, property: string) => ({
  schemas: { [name]: { type: 'object', properties: { [property]: {} } } },
});

const answering = (name: string) => ({ responses: { 200: { $ref: `#/components/schemas/${name}` } } });

test('methods of one path that two services answer are joined', () => {
  const merged = mergeOpenApi([
    ['gateway', { openapi: '3.1.0', paths: { '/v1/events': { post: { summary: 'publish' } } } }],
    ['delivery-log', { paths: { '/v1/events': { get: { summary: 'list' } } } }],
  ]);
  expect(merged.paths).toEqual({ '/v1/events': { post: { summary: 'publish' }, get: { summary: 'list' } } });
});

test('a schema that two services share stands there once', () => {
  const merged = mergeOpenApi([
    ['registry', { components: schema('Problem', 'code') }],
    ['runner', { components: schema('Problem', 'code') }],
  ]);
  expect(Object.keys(merged.components?.schemas ?? {})).toEqual(['Problem']);
});

test('one name for two schemas: the later one gets its own name, and its references follow', () => {
  const merged = mergeOpenApi([
    ['registry', { components: schema('Item', 'a'), paths: { '/a': { get: answering('Item') } } }],
    ['delivery-log', { components: schema('Item', 'b'), paths: { '/b': { get: answering('Item') } } }],
  ]);
  expect(Object.keys(merged.components?.schemas ?? {}).sort()).toEqual(['DeliveryLogItem', 'Item']);
  expect(merged.paths?.['/a']?.get).toEqual(answering('Item'));
  expect(merged.paths?.['/b']?.get).toEqual(answering('DeliveryLogItem'));
});

test('operation ids stay unique: what two services call by one name is prefixed', () => {
  const merged = mergeOpenApi([
    ['registry', { paths: { '/a': { get: { operationId: 'list' } }, '/livez': { get: { operationId: 'livez' } } } }],
    ['runner', { paths: { '/b': { get: { operationId: 'list' } }, '/livez': { get: { operationId: 'livez' } } } }],
  ]);
  expect(Object.values(merged.paths ?? {}).map(({ get }) => get?.operationId)).toEqual(['list', 'livez', 'runnerList']);
});

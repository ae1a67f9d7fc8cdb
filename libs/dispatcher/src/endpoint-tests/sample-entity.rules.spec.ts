import { BUILT_IN_EVENT_TYPES } from '@sluice/contracts';
import { exampleOf } from '@sluice/event-schemas';
import { describe, expect, it } from 'vitest';
import { sampleEntity } from './sample-entity.rules.ts';

describe('ET-11, LU-03: the entity of a sample', () => {
  it.each([
    ['Flow.Executed', '/rest/v1/flows/7?auditId=7'],
    ['Flow.Failed', '/rest/v1/flows/7?auditId=7'],
    ['Flow.Created', '/rest/v1/flows/7'],
    ['Trigger.TokenRotated', '/rest/v1/triggers/7'],
    ['Endpoint.Disabled', '/rest/v1/webhooks/7'],
    ['Token.Revoked', '/rest/v1/tokens/7'],
    ['User.LoggedIn', '/rest/v1/users/7'],
    ['App.Created', '/rest/v1/apps/7'],
  ])('of %s has the number of its data, and is at %s', (type, path) => {
    const schema = BUILT_IN_EVENT_TYPES.find(({ name }) => name === type)?.schema;
    expect(sampleEntity(type, exampleOf(schema))).toEqual({ entityId: '7', path });
  });

  it.each<[string, unknown]>([
    ['order.placed', { number: 1 }],
    ['Flow.Executed', { mine: true }],
    ['Flow.Created', null],
    ['Delivery.Failed', { id: 'a delivery' }],
    ['Flow.Sub.Created', { number: 1 }],
  ])('is nothing for %s with %j', (type, data) => expect(sampleEntity(type, data)).toBeNull());
});

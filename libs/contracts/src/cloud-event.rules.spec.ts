import { describe, expect, it } from 'vitest';
import { checkCloudEvent } from './cloud-event.rules.ts';

const minimal = { specversion: '1.0', id: '1', source: '/shop', type: 'order.created' };
const problemsOf = (more: Record<string, unknown>) => checkCloudEvent({ ...minimal, ...more }, '').problems;

describe('GW-09: the characters of a CloudEvent’s attributes', () => {
  it.each(['id', 'source', 'type', 'subject', 'datacontenttype', 'dataschema', 'tenant'])(
    'half of a surrogate pair is refused in %s: UTF-8 has no place for it',
    (name) => {
      const pointer = `/${name}`;
      for (const half of ['a\ud83d', 'a\ude00b', '\ude00\ud83d']) {
        expect(problemsOf({ [name]: half })).toEqual([
          { pointer, message: 'must not contain half of a surrogate pair' },
        ]);
      }
      expect(problemsOf({ [name]: 'a\u0007' })).toEqual([{ pointer, message: 'must not contain control characters' }]);
    },
  );

  it('whole pairs are taken', () => {
    expect(problemsOf({ id: '😀', subject: 'to 😀', tenant: 'a😀' })).toEqual([]);
  });
});

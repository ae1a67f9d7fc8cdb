import { describe, expect, it } from 'vitest';
import { isSame, wishOf } from './manage.rules.ts';

const SAVED = { name: 'Shop', url: 'https://shop.example/', events: 'order.*\nparcel.sent', headers: 'X-Key: ***' };

describe('what the form of the customer portal asks for', () => {
  it('is what was changed and nothing else', () => {
    expect(wishOf(SAVED, SAVED)).toEqual({});
    expect(isSame(SAVED, { ...SAVED })).toBe(true);
    expect(wishOf({ ...SAVED, name: 'Mine' }, SAVED)).toEqual({ name: 'Mine' });
    expect(wishOf({ ...SAVED, events: ' order.paid \n\n' }, SAVED)).toEqual({ events: ['order.paid'] });
    expect(wishOf({ ...SAVED, headers: 'X-Key: ***\nX-Url: https://a:1/\nbroken' }, SAVED)).toEqual({
      headers: [
        { key: 'X-Key', value: '***' },
        { key: 'X-Url', value: 'https://a:1/' },
        { key: 'broken', value: '' },
      ],
    });
  });
});

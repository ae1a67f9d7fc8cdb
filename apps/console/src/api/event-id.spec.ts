import { expect, it } from 'vitest';
import { newEventId } from './event-id.ts';

it('CO-02: ids are made without what browsers keep from plain http', () => {
  const ids = Array.from({ length: 100 }, newEventId);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(100);
});

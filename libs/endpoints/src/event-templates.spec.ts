import { describe, expect, it } from 'vitest';
import { compileFilter, compileOrdering, compileTransform, eventScope, templateProblem } from './event-templates.ts';

const scope = eventScope({
  eventId: 'e-1',
  type: 'order.created',
  source: '/shop',
  subject: '42',
  time: '2026-01-02T03:04:05.000Z',
  data: { total: 120, items: ['a'], paid: 'false' },
  entityId: '42',
  entityUrl: 'https://x.example/v1/events/e-1',
});
const ENDLESS = '{% for a in range(1000) %}{% for b in range(1000) %}{{ a * b }}{% endfor %}{% endfor %}';

describe('DL-02: filters', () => {
  it.each([
    ['event.data.total > 100', true],
    ['{{ event.data.total > 500 }}', false],
    ["event.type == 'order.created' and event.subject in ['42', '43']", true],
    ['event.data.items', true],
    ['event.data.none.at.all', false],
    ['event.data.paid', false],
    ['{% if event.data.total %}true{% else %}false{% endif %}', true],
    ["event.source.startswith('/shop')", true],
  ])('%s is %s', (source, expected) => {
    expect(compileFilter(source).passes(scope)).toBe(expected);
  });

  it('say what was wrong when they fail, and end within their budget', () => {
    expect(() => compileFilter('event.data.total / 0').passes(scope)).toThrow(/zero/i);
    expect(() => compileFilter(ENDLESS).passes(scope)).toThrow('too much work');
  });
});

describe('DL-02: transformations', () => {
  it('give the value of an expression, and text of everything else', () => {
    expect(compileTransform('{{ {"text": "Order " ~ event.subject} }}').apply(scope)).toEqual({ text: 'Order 42' });
    expect(compileTransform('{"n": {{ event.data.total }}}').apply(scope)).toBe('{"n": 120}');
    expect(() => compileTransform(ENDLESS).apply(scope)).toThrow('too much work');
  });
});

describe('DL-05: ordering keys', () => {
  it('are text of at most 512 characters', () => {
    expect(compileOrdering('event.subject').keyOf(scope)).toBe('42');
    expect(compileOrdering('event.data.items').keyOf(scope)).toBe('["a"]');
    expect(compileOrdering('endpoint').keyOf(scope)).toBe('endpoint');
    expect(compileOrdering('"x" * 2000').keyOf(scope)).toHaveLength(512);
  });
});

describe('what is refused when it is saved', () => {
  it.each([
    ['event.data.total >', true, 'line 1'],
    ['{% if event %}', true, 'line 1'],
    ['{{ event | nonsense }}', true, 'nonsense'],
    ['order.total > 100', true, 'reads order'],
    ['{{ secrets.k }}', false, 'reads secrets'],
  ])('%s', (source, bare, message) => {
    expect(templateProblem(source, { bare })).toContain(message);
  });

  it('a text without braces is a transformation, and no filter', () => {
    expect(templateProblem('hello there', { bare: false })).toBeNull();
    expect(templateProblem('hello there', { bare: true })).not.toBeNull();
  });
});

import { textOf } from './compare.ts';
import { copyItems } from './iterate.ts';
import type { Runtime } from './runtime.ts';
import { invoke, variadic } from './signature.ts';
import type { Operation } from './signature.ts';
import { attributeGetter } from './sorting.ts';
import { typeError, valueError } from './template-error.ts';
import { isTrue } from './truth.ts';
import { Undefined } from './values.ts';
import type { CallArguments } from './values.ts';

function named(kind: 'filter' | 'test', known: ReadonlyMap<string, Operation>, name: unknown): [string, Operation] {
  const text = textOf(name) ?? '';
  const operation = known.get(text);
  if (operation === undefined) throw valueError(`No ${kind} named '${text}'.`);
  return [text, operation];
}

/** The items, or none when the value is falsy: Jinja does not look closer then. */
function itemsIfAny(rt: Runtime, value: unknown): unknown[] {
  return value instanceof Undefined || isTrue(value) ? copyItems(rt, value) : [];
}

function mapItems(rt: Runtime, value: unknown, args: CallArguments): unknown[] {
  const items = itemsIfAny(rt, value);
  if (items.length === 0) return items;
  if (args.positional.length === 0 && args.keyword?.has('attribute')) {
    const unknownName = [...args.keyword.keys()].find((name) => name !== 'attribute' && name !== 'default');
    if (unknownName !== undefined) throw typeError(`Unexpected keyword argument '${unknownName}'`);
    return items.map(attributeGetter(rt, args.keyword.get('attribute'), args.keyword.get('default')));
  }
  if (args.positional.length === 0) throw typeError('map requires a filter argument');
  const [name, operation] = named('filter', rt.library.filters, args.positional[0]);
  const rest = { positional: args.positional.slice(1), keyword: args.keyword };
  return items.map((item) => invoke(rt, name, operation, item, rest));
}

/** `select` and its like: items whose value passes (or fails) a test. */
function selecting(keep: boolean, byAttribute: boolean): Operation {
  return variadic((rt, value, args) => {
    const items = itemsIfAny(rt, value);
    if (items.length === 0) return items;
    const offset = byAttribute ? 1 : 0;
    if (args.positional.length < offset) throw typeError('Missing parameter for attribute name');
    const subject = byAttribute ? attributeGetter(rt, args.positional[0]) : (item: unknown) => item;
    const passes = testOf(rt, args, offset);
    return items.filter((item) => {
      rt.spend(1);
      return passes(subject(item)) === keep;
    });
  });
}

function testOf(rt: Runtime, args: CallArguments, offset: number): (value: unknown) => boolean {
  if (args.positional.length <= offset) return isTrue;
  const [name, operation] = named('test', rt.library.tests, args.positional[offset]);
  const rest = { positional: args.positional.slice(offset + 1), keyword: args.keyword };
  return (value) => isTrue(invoke(rt, name, operation, value, rest));
}

export const SELECT_FILTERS: readonly (readonly [string, Operation])[] = [
  ['map', variadic(mapItems)],
  ['select', selecting(true, false)],
  ['reject', selecting(false, false)],
  ['selectattr', selecting(true, true)],
  ['rejectattr', selecting(false, true)],
];

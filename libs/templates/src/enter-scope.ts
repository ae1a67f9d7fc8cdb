import { frameAt, hops } from './compiler-context.ts';
import type { Evaluate, Execute, Place } from './compiler-context.ts';
import { GLOBALS } from './globals.ts';
import type { Frame, Runtime } from './runtime.ts';
import { fromHost } from './values.ts';

const NOTHING: Execute = () => undefined;

/** A name of the input, else a built-in function, else JavaScript's `undefined` for "missing". */
function resolve(rt: Runtime, name: string): unknown {
  const value = Object.hasOwn(rt.context, name) ? fromHost(rt.context[name]) : undefined;
  return value === undefined ? GLOBALS.get(name) : value;
}

/** Gives the variables of a scope the values they have when it is entered. */
export function enterScope(place: Place): Execute {
  const loads: { slot: number; value: Evaluate }[] = [];
  for (const [{ slot }, load] of place.scope.loads) {
    if (load.kind === 'resolve') {
      if (!GLOBALS.has(load.name)) place.references.add(load.name);
      loads.push({ slot, value: (rt) => resolve(rt, load.name) });
    } else if (load.kind === 'alias') {
      const distance = hops(load.from, place.fn);
      loads.push({ slot, value: (_rt, frame) => frameAt(frame, distance).slots[load.from.slot] });
    } else if (load.kind === 'undefined') {
      loads.push({ slot, value: () => undefined });
    }
  }
  if (loads.length === 0) return NOTHING;
  return (rt: Runtime, frame: Frame) => {
    rt.spend(loads.length);
    for (const { slot, value } of loads) frame.slots[slot] = value(rt, frame);
  };
}

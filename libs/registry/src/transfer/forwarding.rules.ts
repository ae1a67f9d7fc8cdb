import type { FieldProblem } from '@sluice/contracts';
import { tidyName } from '../requests/name.rules.ts';
import type { JsonObject } from '../requests/validated.ts';
import type { Contents, Present } from './app-export.ts';
import type { PlannedSave } from './import-plan.rules.ts';

/** The names of the endpoints that a trigger of a document hands on to; null when it starts a flow. */
export function forwardedNames({ forwardTo }: JsonObject): unknown[] | null {
  if (forwardTo === null || typeof forwardTo !== 'object') return null;
  const { endpoints } = forwardTo as JsonObject;
  return Array.isArray(endpoints) ? endpoints : [];
}

/** In a document endpoints have their names in place of their numbers. An endpoint that was deleted has none. */
export function withForwardedNames(trigger: JsonObject, names: ReadonlyMap<number, string>): JsonObject {
  const ids = forwardedNames(trigger);
  if (ids === null) return trigger;
  const endpoints = ids.flatMap((id) => names.get(id as number) ?? []);
  return { ...trigger, forwardTo: { ...(trigger.forwardTo as JsonObject), endpoints } };
}

/** With what stands for each name (an id) in its place; a name that has none gets `missing`. */
export function withForwardedIds(
  trigger: JsonObject,
  idOf: ReadonlyMap<string, string>,
  missing: string,
): { fields: JsonObject; isComplete: boolean } {
  const names = forwardedNames(trigger);
  if (names === null) return { fields: trigger, isComplete: true };
  const endpoints = names.map((name) => idOf.get(tidyName(String(name))) ?? missing);
  const fields = { ...trigger, forwardTo: { ...(trigger.forwardTo as JsonObject), endpoints } };
  return { fields, isComplete: !endpoints.includes(missing) };
}

/** A trigger may name what the same document makes, or what is in the app and stays there. */
export function forwardingProblems(
  { kind, pointer, sent }: PlannedSave,
  saves: readonly PlannedSave[],
  contents: Contents,
  goes: ReadonlySet<Present>,
): FieldProblem[] {
  const names = kind === 'triggers' ? forwardedNames(sent) : null;
  return (names ?? []).flatMap((name, index): FieldProblem[] => {
    const at = `${pointer}/forwardTo/endpoints/${index}`;
    if (typeof name !== 'string') return [{ pointer: at, message: 'must be the name of an event endpoint' }];
    const isIt = (each: { name: string }): boolean => each.name === tidyName(name);
    const made = saves.filter((save) => save.kind === 'endpoints' && isIt(save));
    const others = contents.endpoints.filter(
      (each) => isIt(each) && !goes.has(each) && !made.some(({ present }) => present === each),
    );
    const isEvent = [...made.map((save) => save.sent.kind), ...others.map(({ shown }) => shown.kind)];
    if (isEvent.length === 0)
      return [{ pointer: at, message: 'names an endpoint that is neither here nor in the app' }];
    if (isEvent.length > 1) return [{ pointer: at, message: `is the name of ${isEvent.length} endpoints of the app` }];
    return isEvent[0] === 'inline' ? [{ pointer: at, message: 'is an inline endpoint: a flow calls it' }] : [];
  });
}

import type { CompiledFlow } from '../flows/compiled-flow.ts';
import type { Moment } from '../runs/decision.ts';
import type { RunState } from '../runs/run-state.ts';
import type { CompiledStep } from '../steps/step-type.ts';

/** A step of a flow that is given its answer by a signed link. */
export interface LinkedStep {
  ref: string;
  kind: 'callback' | 'approval';
  /** How many loops it stands in. */
  loops: number;
}

/** Makes the URL of a link. @param expiresAt Unix seconds. */
export type SignLink = (link: { kind: LinkedStep['kind']; runId: string; step: string; expiresAt: number }) => string;

const DAY_S = 86_400;
/** Longer than the longest wait; a wait may come long after its link was made. */
const LINK_DAYS = 800;

/** The steps with a link among these and all steps inside them. */
export function linkedSteps(steps: readonly CompiledStep[], loops = 0): LinkedStep[] {
  return steps.flatMap(({ ref, type, interpreter }) => {
    const own: LinkedStep[] = interpreter.link ? [{ ref, kind: interpreter.link, loops }] : [];
    const inside = (interpreter.inside ?? []).flat();
    return [...own, ...linkedSteps(inside, type === 'foreach' ? loops + 1 : loops)];
  });
}

/** Unix seconds until which a link is worth something: the same all day long, so that a call that is repeated is the same. */
function linkExpiry(nowMs: number): number {
  return (Math.floor(nowMs / 1000 / DAY_S) + LINK_DAYS) * DAY_S;
}

const NOTHING: readonly (readonly [string, unknown])[] = [];

/**
 * `callbacks` as templates at a path read it: the link of each step that can be reached from there. In a loop that is the
 * one of the same item. @returns for a path of the loops around, such as `each[3].` (empty outside of them), the names and
 * values to read; none in a flow without such steps.
 */
export function linkValuesOf(
  { links, sign }: Pick<CompiledFlow, 'links' | 'sign'>,
  run: Pick<RunState, 'id'>,
  moment: Moment,
): (path: string) => readonly (readonly [string, unknown])[] {
  if (links.length === 0 || sign === null) return () => NOTHING;
  const inLoops = links.some(({ loops }) => loops > 0);
  const expiresAt = linkExpiry(moment.ms);
  return (path) => {
    if (path !== '' && !inLoops) return NOTHING;
    const segments = path.split('.').slice(0, -1);
    const reachable = links.filter(({ loops }) => loops <= segments.length);
    const urls = reachable.map(({ ref, kind, loops }) => {
      const step = [...segments.slice(0, loops), ref].join('.');
      return [ref, sign({ kind, runId: run.id, step, expiresAt })];
    });
    return [['callbacks', Object.fromEntries(urls)]];
  };
}

import type { RunError } from '@sluice/contracts';
import { type CompiledStep, type Lanes, StepError } from '../steps/step-type.ts';
import { type LaneProgress, markDone, newProgress } from './lane-progress.ts';
import { jsonValue } from './json-value.rules.ts';
import { MAX_REMEMBERED } from './run-bytes.rules.ts';
import { MAX_COLLECTED_BYTES } from './run-limits.ts';
import type { StepState } from './run-state.ts';
import type { RunWalk } from './run-walk.rules.ts';
import { errorOf, MORE, PENDING, placed, type Stop } from './stop.rules.ts';

/** Walks the items of a loop or the branches of a `parallel`: several may be under way, each at its own step. */
export class LaneWalk {
  private readonly walk: RunWalk;

  constructor(walk: RunWalk) {
    this.walk = walk;
  }

  /** @param lanes null when the decision before was interrupted in them. */
  begin(step: CompiledStep, key: string, lanes: Lanes | null): Stop | null {
    const { memory } = this.walk.run;
    let progress = memory.lanes.get(key);
    if (!progress) {
      if (lanes === null) throw new Error(`nothing is known of the lanes of ${key}`);
      progress = newProgress(lanes);
      memory.lanes.set(key, progress);
      if (!step.isPure) this.walk.record.opened(step, key, lanes.count);
    }
    return this.go(step, key, progress);
  }

  /** A step whose lanes are under way, perhaps in another process until now. */
  goOn(step: CompiledStep, key: string, state: StepState): Stop | null {
    const progress = this.progressOf(step, key, state);
    if ('error' in progress) return this.fail(step, key, progress.error);
    if (step.hasTimeout) {
      const dueMs = Date.parse(state.startedAt) + step.timeoutMs;
      if (dueMs > this.walk.moment.ms) this.walk.wait(dueMs);
      else progress.failure ??= placed({ code: 'timeout', message: 'it took longer than its time-out' }, step, key);
    }
    return this.go(step, key, progress);
  }

  /** Nothing in it begins any more. @returns whether something in it is in flight. */
  standStill(step: CompiledStep, key: string): boolean {
    const state = this.walk.run.steps.get(key);
    const progress = state && this.progressOf(step, key, state);
    if (!progress || 'error' in progress) return false;
    return this.drain(key, step, progress);
  }

  /** What the step read has not changed since it began, so its lanes are the same. */
  private progressOf(step: CompiledStep, key: string, state: StepState): LaneProgress | { error: RunError } {
    const known = this.walk.run.memory.lanes.get(key);
    if (known) return known;
    try {
      const outcome = step.interpreter.begin({ ...this.walk.scope, now: new Date(state.startedAt) });
      const before = (state.input as { lanes: number }).lanes;
      if (outcome.kind !== 'lanes' || outcome.lanes.count !== before) {
        throw new StepError('items_changed', `the step began with ${before} items, and now finds others`);
      }
      const progress = newProgress(outcome.lanes);
      this.walk.run.memory.lanes.set(key, progress);
      return progress;
    } catch (error) {
      return { error: errorOf(error, step.ref, this.walk.path) };
    }
  }

  private go(step: CompiledStep, key: string, progress: LaneProgress): Stop | null {
    const wasSilent = this.walk.silent;
    this.walk.silent = step.isPure;
    const stop = progress.failure ? null : this.advance(step, key, progress);
    if (progress.failure && !this.walk.silent && this.drain(key, step, progress)) {
      this.walk.silent = wasSilent;
      return PENDING;
    }
    this.walk.silent = wasSilent;
    if (progress.failure) return this.fail(step, key, progress.failure);
    return stop ?? this.complete(step, key, progress);
  }

  private advance(step: CompiledStep, key: string, progress: LaneProgress): Stop | null {
    const { lanes } = progress;
    let open = 0;
    let visited = 0;
    for (let index = progress.first; index < lanes.count && open < lanes.limit; index++) {
      if (progress.done[index]) continue;
      if (visited++ > 0 && index >= progress.begun && this.walk.moment.isLate?.()) return this.interrupt();
      progress.begun = Math.max(progress.begun, index + 1);
      const stop = this.lane(step, key, progress, index);
      if (stop === null) continue;
      if (stop.kind === 'more') return stop;
      if (stop.kind === 'failed' || stop.kind === 'goto') {
        progress.failure = stop.error;
        return null;
      }
      open++;
    }
    return open > 0 ? PENDING : null;
  }

  /**
   * Others compute first; what has been decided about steps that leave events is stored meanwhile. Where nothing has been,
   * as in a process that takes a long loop over, the run goes on from what it remembers: loading it again would come no further.
   */
  private interrupt(): Stop {
    return this.walk.silent || this.walk.record.events.length === 0 ? MORE : this.walk.wait(this.walk.moment.ms);
  }

  private lane(step: CompiledStep, key: string, progress: LaneProgress, index: number): Stop | null {
    const { lanes } = progress;
    const stop = this.within(step, key, lanes, index, () => {
      const stopped = this.walk.block(lanes.stepsOf(index));
      if (stopped) return stopped;
      return this.keep(progress, index, lanes.keep(this.walk.last, this.walk.scope), step);
    });
    const failed = stop?.kind === 'failed' || stop?.kind === 'goto';
    if (failed && lanes.onError === 'continue') {
      const { code, message, ref } = stop.error;
      return this.keep(progress, index, { ok: false, error: { code, message, ref } }, step);
    }
    if (stop === null && lanes.count > MAX_REMEMBERED) this.forget(step, key, lanes, index);
    return stop;
  }

  /** In the place and with the names of a lane. What its steps put out is not seen outside of it. */
  private within(step: CompiledStep, key: string, lanes: Lanes, index: number, go: () => Stop | null): Stop | null {
    const { walk } = this;
    const { context } = walk.scope;
    const { path, last } = walk;
    const segment = lanes.pathOf(index);
    const linked = segment === null ? [] : walk.linkValues(`${key}${segment}.`);
    const values = [...lanes.valuesOf(index), ...linked];
    const hidden = values.map(([name]) => [name, context[name]] as const);
    for (const [name, value] of values) context[name] = value;
    if (segment !== null) walk.path = `${key}${segment}.`;
    walk.last = null;
    try {
      return go();
    } catch (error) {
      return { kind: 'failed', error: errorOf(error, step.ref, path) };
    } finally {
      for (const ref of step.refsInside) delete context[ref];
      for (const [name, value] of hidden) {
        if (value === undefined) delete context[name];
        else context[name] = value;
      }
      walk.path = path;
      walk.last = last;
    }
  }

  private keep(progress: LaneProgress, index: number, output: unknown, step: CompiledStep): Stop | null {
    const { value, size } = jsonValue(output);
    progress.bytes += size;
    if (progress.bytes > MAX_COLLECTED_BYTES) {
      const message = `the outputs of ${index + 1} items have more than ${MAX_COLLECTED_BYTES} bytes: collect less of each`;
      return { kind: 'failed', error: { code: 'output_too_large', message, ref: step.ref } };
    }
    markDone(progress, index, value);
    return null;
  }

  private forget(step: CompiledStep, key: string, lanes: Lanes, index: number): void {
    const segment = lanes.pathOf(index);
    if (segment === null || this.walk.silent) return;
    const { steps } = this.walk.run;
    const before = `${key}${segment}.`;
    const known = step.refsInside.map((ref) => before + ref);
    // Only loops in the loop have steps of other names; to look at all is dear where many are known.
    const inside = step.holdsLoops ? [...steps.keys()].filter((each) => each.startsWith(before)) : known;
    for (const each of inside) steps.delete(each);
  }

  /** Lets what is in flight finish and gives up the rest. @returns whether something is in flight. */
  private drain(key: string, step: CompiledStep, progress: LaneProgress): boolean {
    const before = this.walk.stopping;
    this.walk.stopping ??= 'abandon';
    let pending = false;
    for (let index = progress.first; index < progress.begun; index++) {
      if (progress.done[index]) continue;
      const steps = progress.lanes.stepsOf(index);
      const stop = this.within(step, key, progress.lanes, index, () => this.walk.block(steps));
      if (stop?.kind === 'pending') pending = true;
    }
    this.walk.stopping = before;
    return pending;
  }

  private complete(step: CompiledStep, key: string, progress: LaneProgress): Stop | null {
    const { walk } = this;
    try {
      const output = progress.lanes.output(progress.outputs);
      walk.run.memory.lanes.delete(key);
      if (walk.silent) {
        walk.show(step, output);
        return null;
      }
      const begun = walk.run.steps.get(key) ?? walk.record.now({ lanes: progress.lanes.count });
      walk.show(step, walk.record.made(step, key, output, begun));
      return null;
    } catch (error) {
      return this.fail(step, key, errorOf(error, step.ref, walk.path));
    }
  }

  private fail(step: CompiledStep, key: string, error: RunError): Stop | null {
    const { walk } = this;
    walk.run.memory.lanes.delete(key);
    if (!walk.silent) {
      walk.record.failed(step, key, error, walk.run.steps.get(key) ?? walk.record.now(null));
    }
    return walk.afterFailure(step, error);
  }
}

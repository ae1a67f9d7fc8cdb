import { derivedId, type StoredOutput } from '@sluice/contracts';
import { type CompiledStep, StepError } from '../steps/step-type.ts';
import type { OutputBytes } from './decision.ts';
import { jsonValue } from './json-value.rules.ts';
import { MAX_COLLECTED_BYTES, MAX_STORED_BYTES, MAX_TOTAL_BYTES, MAX_WRITTEN_BYTES } from './run-limits.ts';
import type { RunBytes, RunState } from './run-state.ts';

/** A loop of more items forgets the steps of those that are done: their outputs are in the loop's own. */
export const MAX_REMEMBERED = 100;

/** Of a run that was read from its events. */
export function runBytesOf(run: RunState): RunBytes {
  const bytes = { held: 0, written: 0, stored: 0 };
  const long = longLoops(run.steps.keys());
  for (const [key, step] of run.steps) {
    if (key === run.started?.webhookRef) continue;
    bytes.stored += step.stored?.size ?? 0;
    const size = jsonValue(step.input).size + (step.stored ? 0 : jsonValue(step.output).size);
    bytes.written += size;
    const isHeld = !isOfLongLoop(run, key) && !loopsAround(key).some(([loop]) => long.has(loop));
    if (isHeld) bytes.held += size;
  }
  return bytes;
}

/** A retry has taken over the items of a loop that it has yet to begin. */
function longLoops(keys: Iterable<string>): Set<string> {
  const long = new Set<string>();
  for (const key of keys) for (const [loop, item] of loopsAround(key)) if (item >= MAX_REMEMBERED) long.add(loop);
  return long;
}

/** Whether a step stands in a loop of so many items that it is forgotten once its item is done. */
export function isOfLongLoop(run: RunState, key: string): boolean {
  return loopsAround(key).some(([loop]) => {
    const { lanes } = Object(run.steps.get(loop)?.input) as { lanes?: number };
    return lanes !== undefined && lanes > MAX_REMEMBERED;
  });
}

/** The keys of the loops that a step stands in, with its item of each. */
function loopsAround(key: string): [loop: string, item: number][] {
  const loops: [string, number][] = [];
  for (let at = key.indexOf('['); at >= 0; at = key.indexOf('[', at + 1)) {
    loops.push([key.slice(0, at), Number.parseInt(key.slice(at + 1), 10)]);
  }
  return loops;
}

/** @param isHeld later steps can read it. @throws StepError when the run has put out more than it may. */
export function countBytes(
  bytes: RunBytes,
  { size, what, isHeld }: { size: number; what: string; isHeld: boolean },
): void {
  const held = bytes.held + (isHeld ? size : 0);
  const written = bytes.written + size;
  if (held > MAX_TOTAL_BYTES || written > MAX_WRITTEN_BYTES) {
    const most = held > MAX_TOTAL_BYTES ? MAX_TOTAL_BYTES : MAX_WRITTEN_BYTES;
    throw new StepError('run_too_large', `with this ${what} the run's steps have put out more than ${most} bytes`);
  }
  bytes.held = held;
  bytes.written = written;
}

/** @param size bytes of an output that is stored beside the events. @throws StepError when there is no room for it. */
export function countStored(bytes: RunBytes, size: number): void {
  if (bytes.stored + size > MAX_STORED_BYTES) {
    throw new StepError('run_too_large', `the large outputs of the run have more than ${MAX_STORED_BYTES} bytes`);
  }
  bytes.stored += size;
}

/**
 * A list as a file of the run. Its id follows from the step, so that a decision that is made twice leaves one.
 * @throws StepError when it is too large.
 */
export function storedOutputOf(
  runId: string,
  step: CompiledStep,
  key: string,
  value: unknown,
): OutputBytes & { stored: StoredOutput } {
  const bytes = Buffer.from(JSON.stringify(value));
  if (bytes.length > MAX_COLLECTED_BYTES) {
    throw new StepError('output_too_large', `the output has ${bytes.length} bytes, more than ${MAX_COLLECTED_BYTES}`);
  }
  const id = derivedId('output', runId, key);
  const contentType = 'application/json';
  return { id, bytes, stored: { filename: `${step.ref}.json`, contentType, size: bytes.length, payloadId: id } };
}

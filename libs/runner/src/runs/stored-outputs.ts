import { PayloadError, type Payloads } from '@sluice/payloads';
import type { RunEvent, RunState } from './run-state.ts';

/** Fetches the outputs that are too large for the events of a run, so that its steps can read them. */
export async function fetchOutputs(payloads: Payloads, run: RunState): Promise<void> {
  for (const step of run.steps.values()) {
    if (step.stored) step.output = await outputOf(payloads, step.stored.payloadId);
  }
}

/** Those of steps that a retry takes over, by their ids in libs/payloads. @throws a transient error when the database is away. */
export async function takenOutputs(payloads: Payloads, events: readonly RunEvent[]): Promise<Map<string, unknown>> {
  const outputs = new Map<string, unknown>();
  for (const { type, data } of events) {
    const stored = type === 'StepCompleted' && data.outputStored ? data.output : null;
    const { payloadId } = Object(stored) as { payloadId?: string };
    if (payloadId !== undefined) outputs.set(payloadId, await outputOf(payloads, payloadId));
  }
  return outputs;
}

/** What retention has taken reads as nothing, as an undefined name does. */
async function outputOf(payloads: Payloads, id: string): Promise<unknown> {
  try {
    return JSON.parse((await payloads.get(id)).toString()) as unknown;
  } catch (error) {
    if (error instanceof PayloadError) return null;
    throw error;
  }
}

import type { RunStarted } from '@sluice/contracts';
import { bodyOf } from '@sluice/request-body';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import type { RunState } from './run-state.ts';

function triggerOf(started: RunStarted, input: unknown): Record<string, unknown> {
  const trigger = started.trigger;
  const body = bodyOf(input, trigger?.fromQuery);
  return {
    headers: trigger?.headers ?? {},
    query: trigger?.query ?? {},
    body,
    method: trigger?.method ?? null,
    receivedAt: trigger?.receivedAt ?? started.queuedAt,
    props: trigger?.props ?? null,
    event: body,
  };
}

/** The names that templates see, besides the outputs of the steps that have run. */
export function baseContext(flow: CompiledFlow, run: RunState, started: RunStarted): Record<string, unknown> {
  return {
    trigger: triggerOf(started, run.input),
    flow: { id: flow.id, number: flow.number, name: flow.name, version: flow.version },
    run: { id: run.id, number: started.number, mode: started.mode, startedAt: started.startedAt },
    ...(flow.webhookRef === null ? {} : { [flow.webhookRef]: run.input }),
  };
}

import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { bodyOf } from '../api/client.ts';
import { useApi } from '../api/use-api.ts';
import { useRun } from '../runs/use-runs.ts';
import { type FlowDocument, isObject } from './flow-document.rules.ts';

/** A test: of the whole draft, or of one step with what the steps before it put out in the last test. */
export interface TestWish {
  input: unknown;
  step?: string;
}

/** The refs of the flow's own steps that stand before one of them. */
function refsBefore(document: FlowDocument, step: string): string[] {
  const steps: unknown[] = Array.isArray(document.steps) ? document.steps : [];
  const refs = steps.flatMap((each) => (isObject(each) && each.type !== 'webhook' ? [String(each.ref)] : []));
  return refs.slice(0, Math.max(0, refs.indexOf(step)));
}

/** Runs the saved draft, and what came of it by the refs of the steps. */
export function useTestRun(flowId: string, document: FlowDocument) {
  const api = useApi();
  const [runId, setRunId] = useState('');
  const [outputs, setOutputs] = useState<ReadonlyMap<string, unknown>>(new Map());
  const run = useRun(runId);
  const found = runId === '' ? undefined : run.data;
  const start = useMutation({
    mutationFn: ({ input, step }: TestWish) => {
      const known = new Map(outputs);
      for (const each of found?.steps ?? [])
        if (each.status === 'succeeded' && !each.path) known.set(each.ref, each.output);
      setOutputs(known);
      const before = step === undefined ? [] : refsBefore(document, step);
      const given = Object.fromEntries(before.flatMap((ref) => (known.has(ref) ? [[ref, known.get(ref)]] : [])));
      const part = step === undefined ? {} : { step, outputs: given };
      const body = { mode: 'draft' as const, input, ...part };
      return bodyOf(api.POST('/v1/flows/{id}/run', { params: { path: { id: flowId } }, body: body as never }));
    },
    onSuccess: ({ id }) => setRunId(id),
  });
  const outcomes = new Map((found?.steps ?? []).map((step) => [step.ref, step.given ? 'given' : step.status] as const));
  return { start, run: found, outcomes };
}

export type TestRun = ReturnType<typeof useTestRun>;

import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { bodyOf, type Schema } from '../api/client.ts';
import { useApi } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { useToasts } from '../design/toasts.tsx';

interface InputProps {
  flowId: string;
  onInput: (text: string) => void;
}

const pinUnder = (flowId: string): string => `sluice.flow-input.${flowId}`;
const MOST_TRIGGERS = 20;

/** What a test of the flow begins with: the input that was pinned in this browser. */
export const firstInput = (flowId: string): string => localStorage.getItem(pinUnder(flowId)) ?? '{}';

/** Keeps the input for every test of this flow, in this browser, until it is unpinned. */
export function PinInput({ flowId, input }: { flowId: string; input: string }) {
  const { tell, warn } = useToasts();
  const [pinned, setPinned] = useState(() => localStorage.getItem(pinUnder(flowId)));
  const isPinned = pinned === input;
  const toggle = (): void => {
    try {
      if (isPinned) localStorage.removeItem(pinUnder(flowId));
      else localStorage.setItem(pinUnder(flowId), input);
      setPinned(isPinned ? null : input);
      tell(isPinned ? 'Tests begin with nothing again.' : 'Every test of this flow begins with it, in this browser.');
    } catch (error) {
      warn(error);
    }
  };
  return <Button onPress={toggle}>{isPinned ? 'Unpin this input' : 'Pin this input'}</Button>;
}

/** What the newest run of the flow was started with. */
export function LastInput({ flowId, onInput }: InputProps) {
  const api = useApi();
  const { tell, warn } = useToasts();
  const read = useMutation({
    mutationFn: async () => {
      const { items } = await bodyOf(api.GET('/v1/runs', { params: { query: { flowId, limit: 1 } } }));
      return items[0] ? bodyOf(api.GET('/v1/runs/{id}', { params: { path: { id: items[0].id } } })) : null;
    },
    onSuccess: (run) => (run ? onInput(JSON.stringify(run.input, null, 2)) : tell('The flow has not run yet.')),
    onError: warn,
  });
  return (
    <Button isBusy={read.isPending} onPress={() => read.mutate()}>
      Take the input of the last run
    </Button>
  );
}

/** What a sender really sent: the newest sample of the flow's webhooks (GW-01). */
export function CapturedInput({ flowId, onInput }: InputProps) {
  const api = useApi();
  const { tell, warn } = useToasts();
  const read = useMutation({
    mutationFn: async () => {
      const query = { flowId, limit: MOST_TRIGGERS };
      const { items } = await bodyOf(api.GET('/v1/triggers', { params: { query } }));
      const samples = await Promise.all(
        items.map(({ id }) => bodyOf(api.GET('/v1/triggers/{id}/capture', { params: { path: { id } } }))),
      );
      const all = samples.flatMap((each) => (each as Schema<'SampleList'>).items);
      return all.sort((a, b) => b.capturedAt.localeCompare(a.capturedAt))[0] ?? null;
    },
    onSuccess: (sample) =>
      sample
        ? onInput(JSON.stringify(sample.value, null, 2))
        : tell('No request was captured yet: press Listen at one of its webhooks, under Capture.'),
    onError: warn,
  });
  return (
    <Button isBusy={read.isPending} onPress={() => read.mutate()}>
      Take the captured request
    </Button>
  );
}

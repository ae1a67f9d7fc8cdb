import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { SelectField, TextField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { useToasts } from '../design/toasts.tsx';
import type { Run } from './use-runs.ts';

const VERSIONS = [
  { value: 'original', label: 'The version that this run had' },
  { value: 'current', label: 'The version that new runs get' },
] as const;

/** Reads JSON; what is wrong with it as text. */
function jsonOf(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: `This is not JSON: ${(error as Error).message}` };
  }
}

/** Starts the run again: from the step that failed, from another one, with another input or version (FL-06). */
export function RetryDialog({ run, isOpen, onClose }: { run: Run; isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Retry this run" isOpen={isOpen} onClose={onClose} isWide>
      <RetryForm run={run} onClose={onClose} />
    </Dialog>
  );
}

function RetryForm({ run, onClose }: { run: Run; onClose: () => void }) {
  const api = useApi();
  const appId = useAppId() ?? '';
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const original = JSON.stringify(run.input, null, 2) ?? 'null';
  const [from, setFrom] = useState('');
  const [version, setVersion] = useState<'original' | 'current'>('original');
  const [input, setInput] = useState(original);
  const [problem, setProblem] = useState<string | null>(null);
  const retry = useMutation({
    mutationFn: (body: { from?: string; version: 'original' | 'current'; input?: unknown }) =>
      bodyOf(api.POST('/v1/runs/{id}/retry', { params: { path: { id: run.id } }, body: body as never })),
    onSuccess: (begun) => {
      tell('The retry has begun.');
      void queries.invalidateQueries({ queryKey: [appId, 'run', run.id] });
      onClose();
      void navigate(`/apps/${appId}/runs/${begun.id}`);
    },
  });
  const submit = (): void => {
    const edited = input === original ? null : jsonOf(input);
    const bad = edited && 'problem' in edited ? edited.problem : null;
    setProblem(bad);
    if (bad !== null) return;
    const changed = edited && 'value' in edited ? { input: edited.value } : {};
    retry.mutate({ ...(from === '' ? {} : { from }), version, ...changed });
  };
  // Steps inside of loops are done again with the loop.
  const refs = run.steps.filter((step) => step.path === undefined).map(({ ref }) => ref);
  return (
    <Form error={retry.error} onSubmit={submit}>
      <p>A new run links to this one. What was done before the step is taken over: nothing is called a second time.</p>
      <SelectField
        label="Begin with"
        pointer="/from"
        value={from}
        onChange={setFrom}
        options={[
          { value: '', label: run.error?.ref ? `the step that failed (${run.error.ref})` : 'what is not done' },
          ...refs.map((ref) => ({ value: ref, label: ref })),
        ]}
      />
      <SelectField label="On" pointer="/version" value={version} onChange={setVersion} options={VERSIONS} />
      <TextField
        label="Input"
        pointer="/input"
        rows={8}
        isCode
        value={input}
        onChange={setInput}
        problem={problem}
        hint="Another input begins with the first step, unless you choose a step."
      />
      <FormError error={retry.error} />
      <DialogActions>
        <Button onPress={onClose}>Close</Button>
        <Button kind="primary" type="submit" isBusy={retry.isPending}>
          Start the retry
        </Button>
      </DialogActions>
    </Form>
  );
}

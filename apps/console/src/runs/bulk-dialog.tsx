import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { bodyOf, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { RadioCards, SelectField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { Facts } from '../design/page.tsx';
import { LIVE_MS } from './use-runs.ts';

type Batch = Schema<'BatchResource'>;
type Kind = 'retry' | 'cancel';

interface BulkFilters {
  flowId?: string;
  status?: string;
  since?: string;
}

const KINDS = [
  { value: 'retry', label: 'Retry', hint: 'Starts a new run for each; the old ones stay as they are.' },
  { value: 'cancel', label: 'Cancel', hint: 'Ends each at its next boundary between steps.' },
] as const;
const VERSIONS = [
  { value: 'original', label: 'The version that each of them ran' },
  { value: 'current', label: 'The version that new runs get' },
] as const;
const MEANT = { retry: ['failed', 'succeeded', 'cancelled', 'timed_out'], cancel: ['running', 'waiting'] } as const;

function useBulk(kind: Kind, filters: BulkFilters, version: 'original' | 'current') {
  const api = useApi();
  const { flowId, since, status } = filters;
  const place = { ...(flowId ? { flowId } : {}), ...(since ? { since } : {}) };
  return (dryRun: boolean): Promise<Batch> => {
    // A dry run counts. Every route may be told so; the document does not repeat it at each.
    const params = (dryRun ? { query: { dryRun } } : {}) as object;
    if (kind === 'cancel') {
      const wanted = MEANT.cancel.find((each) => each === status);
      const query = { ...place, ...(wanted ? { status: wanted } : {}) };
      return bodyOf(api.POST('/v1/runs/cancel', { params, body: { query } }));
    }
    const wanted = MEANT.retry.find((each) => each === status);
    const query = { ...place, ...(wanted ? { status: wanted } : {}) };
    return bodyOf(api.POST('/v1/runs/retry', { params, body: { query, version } }));
  };
}

function Progress({ id }: { id: string }) {
  const api = useApi();
  const appId = useAppId();
  const batch = useQuery({
    queryKey: [appId, 'batch', id],
    queryFn: () => bodyOf(api.GET('/v1/runs/batches/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data?.finishedAt ? false : LIVE_MS),
  });
  const stop = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/runs/batches/{id}/cancel', { params: { path: { id } } })),
    onSuccess: () => batch.refetch(),
  });
  if (!batch.data) return <FormError error={batch.error} />;
  const { total, done, skipped, status, reasons, finishedAt } = batch.data;
  const why = Object.entries(reasons).map(([code, count]) => `${code}: ${count}`);
  return (
    <>
      <label>
        {status === 'running' ? 'Going on' : status}: {done + skipped} of {total}{' '}
        <progress max={Math.max(1, total)} value={done + skipped} />
      </label>
      <Facts
        facts={[
          ['Done', done],
          ['Skipped', skipped === 0 ? 'none' : `${skipped} (${why.join(', ')})`],
        ]}
      />
      <FormError error={stop.error} />
      {finishedAt ? null : (
        <Button isBusy={stop.isPending} onPress={() => stop.mutate()}>
          Stop after the run under way
        </Button>
      )}
    </>
  );
}

/** Retries or cancels all runs that the filters of the list find: counted first, then followed. */
export function BulkDialog({
  isOpen,
  onClose,
  filters,
}: {
  isOpen: boolean;
  onClose: () => void;
  filters: BulkFilters;
}) {
  return (
    <Dialog title="Retry or cancel many runs" isOpen={isOpen} onClose={onClose}>
      <BulkForm filters={filters} onClose={onClose} />
    </Dialog>
  );
}

function BulkForm({ filters, onClose }: { filters: BulkFilters; onClose: () => void }) {
  const [kind, setKind] = useState<Kind>('retry');
  const [version, setVersion] = useState<'original' | 'current'>('original');
  const ask = useBulk(kind, filters, version);
  const count = useMutation({ mutationFn: () => ask(true) });
  const start = useMutation({ mutationFn: () => ask(false) });
  const choose = (next: Kind): void => {
    setKind(next);
    count.reset();
  };
  if (start.data?.id) return <Progress id={start.data.id} />;
  const what = kind === 'retry' ? 'Retry' : 'Cancel';
  const meant = MEANT[kind].some((each) => each === filters.status);
  const usual = kind === 'retry' ? 'failed' : 'running and waiting';
  return (
    <Form error={start.error ?? count.error} onSubmit={() => count.mutate()}>
      <RadioCards label="What" value={kind} onChange={choose} options={KINDS} />
      {kind === 'retry' ? <SelectField label="On" value={version} onChange={setVersion} options={VERSIONS} /> : null}
      <p>
        Of the runs in the list (flow and time as filtered): those that are {meant ? filters.status : usual}. At most
        100,000.
      </p>
      <FormError error={start.error ?? count.error} />
      {count.data ? <p role="status">The query finds {count.data.total} runs.</p> : null}
      <DialogActions>
        <Button onPress={onClose}>Close</Button>
        <Button type="submit" isBusy={count.isPending}>
          Count them
        </Button>
        <Button
          kind={kind === 'cancel' ? 'danger' : 'primary'}
          isDisabled={!count.data || count.data.total === 0}
          isBusy={start.isPending}
          onPress={() => start.mutate()}
        >
          {`${what} ${count.data ? count.data.total : ''} runs`}
        </Button>
      </DialogActions>
    </Form>
  );
}

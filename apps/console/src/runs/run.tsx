import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Facts, Page, Section } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { QueryView } from '../design/states.tsx';
import { duration, Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';
import { useFilter } from '../design/use-filter.ts';
import { may, useUser } from '../session/session.ts';
import { OpenApprovalsOfRun } from '../approvals/decide.tsx';
import { RetryDialog } from './retry-dialog.tsx';
import { isOver, StatusBadge } from './run-status.tsx';
import { StepDetail } from './step-detail.tsx';
import { type Run, useFlowNames, useRun, useRunVersion } from './use-runs.ts';
import { WaterfallTable } from './waterfall-table.tsx';

const keyOf = (step: { ref: string; path?: string | undefined }): string => step.path ?? step.ref;

function RunActions({ run }: { run: Run }) {
  const api = useApi();
  const user = useUser();
  const queries = useQueryClient();
  const { tell, warn } = useToasts();
  const [isRetry, setRetry] = useState(false);
  const cancel = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/runs/{id}/cancel', { params: { path: { id: run.id } } })),
    onSuccess: (now) => {
      queries.setQueryData([run.appId, 'run', run.id], now);
      tell('Asked to cancel: the run ends at the next boundary between steps.');
    },
    onError: warn,
  });
  if (!may(user, 'operator', run.appId)) return null;
  if (!isOver(run.status)) {
    const isAsked = run.userRequestedCancelAt !== null;
    return (
      <Button kind="danger" isBusy={cancel.isPending} isDisabled={isAsked} onPress={() => cancel.mutate()}>
        {isAsked ? 'Cancelling' : 'Cancel'}
      </Button>
    );
  }
  return (
    <>
      <Button kind="primary" onPress={() => setRetry(true)}>
        Retry …
      </Button>
      <RetryDialog run={run} isOpen={isRetry} onClose={() => setRetry(false)} />
    </>
  );
}

function RunLinks({ ids, appId }: { ids: readonly string[]; appId: string }) {
  if (ids.length === 0) return <>–</>;
  return (
    <>
      {ids.map((id) => (
        <div key={id}>
          <Link to={`/apps/${appId}/runs/${id}`}>{id}</Link>
        </div>
      ))}
    </>
  );
}

function About({ run, appId }: { run: Run; appId: string }) {
  const flows = useFlowNames();
  const name = flows.data?.find(({ id }) => id === run.flowId)?.name ?? run.flowId;
  const version = run.flowVersion === null ? '' : `, version ${run.flowVersion}`;
  return (
    <Section title="About this run">
      <Facts
        facts={[
          ['Status', <StatusBadge key="status" status={run.status} />],
          [
            'Flow',
            <span key="flow">
              <Link to={`/apps/${appId}/flows/${run.flowId}`}>{name}</Link>
              {version}
              {run.mode === 'draft' ? ' (a test of the draft)' : ''}
            </span>,
          ],
          ['Queued', <Time key="queued" at={run.queuedAt} />],
          ['In the queue', duration(run.queueMs)],
          ['Started', <Time key="started" at={run.startedAt} />],
          ['Ran', duration(run.runMs)],
          ['Retry of', <RunLinks key="of" ids={run.retryOf === null ? [] : [run.retryOf]} appId={appId} />],
          ['Retried as', <RunLinks key="as" ids={run.retriedAs} appId={appId} />],
          ['Id', <code key="id">{run.id}</code>],
          ['Correlation id', <code key="correlation">{run.correlationId}</code>],
        ]}
      />
      {run.error ? (
        <p role="alert">
          <strong>{run.error.code}</strong>: {run.error.message}
          {run.error.ref === null ? '' : ` (step ${run.error.path ?? run.error.ref})`}
        </p>
      ) : null}
    </Section>
  );
}

function Steps({ run }: { run: Run }) {
  const [chosen] = useFilter('step');
  const version = useRunVersion(run);
  const failed = run.steps.find(({ status }) => status === 'failed');
  const key = chosen === '' && failed ? keyOf(failed) : chosen;
  const step = run.steps.find((each) => keyOf(each) === key);
  return (
    <>
      <Section title="Steps">
        <WaterfallTable run={run} />
      </Section>
      {step ? <StepDetail run={run} step={step} definition={version.data?.definition} /> : null}
    </>
  );
}

/** One run: what came in, each step with its time, input and output, and what came of it (LC-14, LT-09). */
export function Component() {
  const { runId = '' } = useParams();
  const appId = useAppId() ?? '';
  const query = useRun(runId);
  const run = query.data;
  const title = run?.number ? `Run #${run.number}` : 'Run';
  return (
    <Page
      title={title}
      parent={{ label: 'Runs', to: `/apps/${appId}/runs` }}
      actions={run ? <RunActions run={run} /> : null}
    >
      <QueryView query={query}>
        {(found) => (
          <>
            <About run={found} appId={appId} />
            <OpenApprovalsOfRun run={found} />
            <Steps run={found} />
            <Section title="Input and result">
              <Payload label="Input" value={found.input} />
              <Payload label="Result" value={found.result} />
            </Section>
          </>
        )}
      </QueryView>
    </Page>
  );
}

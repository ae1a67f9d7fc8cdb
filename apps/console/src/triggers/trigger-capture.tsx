import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { bodyOf, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Facts, Section } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { LiveBadge } from '../live/live-bar.tsx';
import { useLiveSigns } from '../live/use-live-signs.ts';
import { may, useUser } from '../session/session.ts';
import { useLoadedTrigger } from './trigger.tsx';

type Sample = Schema<'SampleView'>;
const POLL_MS = 1_500;

/** Listens for the next request: it is kept as sample data for the flow's editor, and starts no run (GW-01). */
export function Component() {
  const { trigger } = useLoadedTrigger();
  const api = useApi();
  const appId = useAppId();
  const path = { id: trigger.id };
  const isEditor = may(useUser(), 'editor', appId);
  const arm = useMutation({
    mutationFn: async () =>
      (await bodyOf(
        api.POST('/v1/triggers/{id}/capture', { params: { path }, body: { duration: 'PT5M' } }),
      )) as Schema<'CaptureView'>,
  });
  const stop = useMutation({
    mutationFn: () => bodyOf(api.DELETE('/v1/triggers/{id}/capture', { params: { path } })),
    onSuccess: () => arm.reset(),
  });
  const queries = useQueryClient();
  const queryKey = [appId, 'triggers', trigger.id, 'samples'];
  const samples = useQuery({
    queryKey,
    queryFn: async () =>
      ((await bodyOf(api.GET('/v1/triggers/{id}/capture', { params: { path } }))) as Schema<'SampleList'>).items,
  });
  const state = useLiveSigns({ kinds: 'request', triggerId: trigger.id }, POLL_MS, () =>
    queries.refetchQueries({ queryKey, exact: true }),
  );
  const armed = arm.data;
  const isCaught = armed !== undefined && (samples.data ?? []).some((sample) => sample.id === armed.id);
  return (
    <>
      <Section
        title="Listen for the next request"
        actions={
          !isEditor ? null : armed && !isCaught ? (
            <Button isBusy={stop.isPending} onPress={() => stop.mutate()}>
              Stop listening
            </Button>
          ) : (
            <Button kind="primary" isBusy={arm.isPending} onPress={() => arm.mutate()}>
              Listen
            </Button>
          )
        }
      >
        <LiveBadge state={state} />
        <p role="status">
          {armed && !isCaught ? (
            <>
              Listening until <Time at={armed.until} />: call the URL now. The request is kept as a sample and starts no
              run.
            </>
          ) : isCaught ? (
            'Caught: it is the first sample below.'
          ) : (
            'The next request with the right credential is kept as a sample, so that you see what a sender really sends.'
          )}
        </p>
        {arm.error ? <p role="alert">{arm.error.message}</p> : null}
      </Section>
      <QueryView query={samples}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No sample yet" />
          ) : (
            all.map((sample) => <SampleSection key={sample.id} sample={sample} />)
          )
        }
      </QueryView>
    </>
  );
}

function SampleSection({ sample }: { sample: Sample }) {
  return (
    <Section title={`Sample: ${sample.method} ${sample.contentType ?? ''}`}>
      <Facts
        facts={[
          ['Caught', <Time key="at" at={sample.capturedAt} />],
          ['From', sample.remoteAddress],
          ...(sample.problem ? ([['Not readable', `${sample.problem.code}: ${sample.problem.detail}`]] as const) : []),
        ]}
      />
      <Payload label="What the flow sees" value={sample.value} />
      <Payload label="Headers" value={sample.headers} />
      {sample.body === null ? null : <Payload label="Raw body" value={sample.body} />}
    </Section>
  );
}

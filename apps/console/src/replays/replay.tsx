import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { bodyOf, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import styles from '../deliveries/deliveries.module.css';
import { Button } from '../design/button.tsx';
import { Facts, Page, Section } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';
import { useLiveSigns } from '../live/use-live-signs.ts';
import { may, useUser } from '../session/session.ts';

type ReplayView = Schema<'ReplayView'>;
const LIVE_MS = 1_000;

/** DL-06: how far a replay is. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const { id = '' } = useParams();
  const queries = useQueryClient();
  const queryKey = [appId, 'replays', id];
  const read = useQuery({
    queryKey,
    queryFn: () => bodyOf(api.GET('/v1/replays/{id}', { params: { path: { id } } })),
  });
  const isAwaited = read.data !== undefined && read.data.state !== 'finished';
  useLiveSigns(isAwaited ? { kinds: 'delivery' } : null, LIVE_MS, () =>
    queries.refetchQueries({ queryKey, exact: true }),
  );
  return (
    <Page
      title="Replay"
      parent={{ label: 'Replays', to: `/apps/${appId}/replays` }}
      actions={read.data ? <Cancel replay={read.data} /> : null}
    >
      <QueryView query={read}>{(replay) => <Progress replay={replay} />}</QueryView>
    </Page>
  );
}

function Cancel({ replay }: { replay: ReplayView }) {
  const api = useApi();
  const appId = useAppId();
  const user = useUser();
  const queries = useQueryClient();
  const { warn } = useToasts();
  const cancel = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/replays/{id}/cancel', { params: { path: { id: replay.id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: [appId, 'replays'] }),
    onError: warn,
  });
  if (replay.state !== 'running' || !may(user, 'operator', appId)) return null;
  return (
    <Button isBusy={cancel.isPending} onPress={() => cancel.mutate()}>
      Cancel: plan no more
    </Button>
  );
}

function Progress({ replay }: { replay: ReplayView }) {
  const ended = replay.planned - replay.pending;
  return (
    <Section title="Progress">
      <p role="status">
        {replay.state}: {ended.toLocaleString()} of {replay.planned.toLocaleString()} planned deliveries have ended
        {replay.plannedAt === null ? ', more are being planned' : ''}.
      </p>
      <progress
        className={styles.progress}
        aria-label="Deliveries that have ended"
        max={Math.max(1, replay.planned)}
        value={replay.planned === 0 && replay.state === 'finished' ? 1 : ended}
      />
      <Facts
        facts={[
          ['Succeeded', replay.succeeded.toLocaleString()],
          ['Failed', replay.failed.toLocaleString()],
          ['Discarded', replay.discarded.toLocaleString()],
          ['Pending', replay.pending.toLocaleString()],
          ['Events looked at', replay.scanned.toLocaleString()],
          ['Asked for', <Time key="asked-for" at={replay.createdAt} />],
          ['Everything planned', <Time key="everything-planned" at={replay.plannedAt} />],
        ]}
      />
      <Payload label="Query" value={replay.query} />
    </Section>
  );
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button, LinkButton } from '../design/button.tsx';
import { Facts, Page, Section } from '../design/page.tsx';
import { QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';
import { useLiveSigns } from '../live/use-live-signs.ts';
import { may, useUser } from '../session/session.ts';
import type { Delivery } from './delivery-types.ts';
import { Attempts, StatusBadge } from './exchange.tsx';
import { ReplaySelection } from './replay-selection.tsx';

const POLL_MS = 2_000;

/** One delivery: what became of it, each attempt with what was sent and answered, and sending it again. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const user = useUser();
  const { id = '' } = useParams();
  const queries = useQueryClient();
  const queryKey = [appId, 'deliveries', 'one', id];
  const read = useQuery({
    queryKey,
    queryFn: () => bodyOf(api.GET('/v1/deliveries/{id}', { params: { path: { id } } })),
  });
  // Also when it is over: somebody else may begin another round of attempts.
  useLiveSigns(read.data ? { kinds: 'delivery', id } : null, POLL_MS, () =>
    queries.refetchQueries({ queryKey, exact: true }),
  );
  const actions = read.data ? <Actions delivery={read.data} mayAct={may(user, 'operator', appId)} /> : null;
  return (
    <Page title="Delivery" parent={{ label: 'Deliveries', to: `/apps/${appId}/deliveries` }} actions={actions}>
      <QueryView query={read}>
        {(delivery) => (
          <>
            <Summary delivery={delivery} />
            <Section title="Attempts">
              <Attempts attempts={delivery.attempts} />
            </Section>
          </>
        )}
      </QueryView>
    </Page>
  );
}

function Actions({ delivery, mayAct }: { delivery: Delivery; mayAct: boolean }) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const { tell, warn } = useToasts();
  const waits = delivery.status === 'pending' && Boolean(delivery.attempts.at(-1)?.nextAttemptAt);
  const retry = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/deliveries/{id}/retry', { params: { path: { id: delivery.id } } })),
    onSuccess: () => {
      tell(waits ? 'The next attempt is made now' : 'Another round of attempts has begun');
      // What it leads to is in the log a moment later.
      const look = (): void => void queries.invalidateQueries({ queryKey: [appId, 'deliveries'] });
      for (const ms of [0, 500, 1_500, 4_000]) setTimeout(look, ms);
    },
    onError: warn,
  });
  return (
    <>
      {mayAct && (waits || delivery.status !== 'pending') ? (
        <Button kind="primary" isBusy={retry.isPending} onPress={() => retry.mutate()}>
          {waits ? 'Send now' : 'Retry'}
        </Button>
      ) : null}
      {mayAct ? <ReplaySelection chosen={[delivery]} onDone={() => undefined} /> : null}
      <LinkButton to={`/apps/${appId}/timeline/${delivery.id}`}>Timeline</LinkButton>
    </>
  );
}

function Summary({ delivery }: { delivery: Delivery }) {
  const appId = useAppId();
  const next = delivery.attempts.at(-1)?.nextAttemptAt;
  return (
    <Section title="Outcome">
      <Facts
        facts={[
          ['Status', <StatusBadge key="status" status={delivery.status} />],
          ...(delivery.reason ? [['Reason', delivery.reason] as const] : []),
          ...(delivery.status === 'pending' && next
            ? [['Next attempt', <Time key="next-attempt" at={next} />] as const]
            : []),
          ['Event type', <code key="event-type">{delivery.eventType}</code>],
          [
            'Event',
            <Link key="event" to={`/apps/${appId}/events/${delivery.eventId}`}>
              {delivery.eventId}
            </Link>,
          ],
          [
            'Webhook',
            <Link key="webhook" to={`/apps/${appId}/endpoints/${delivery.endpointId}`}>
              {delivery.endpointName ?? `endpoint ${delivery.endpointId}`}
            </Link>,
          ],
          ...(delivery.runId
            ? [
                [
                  'Run',
                  <Link key="run" to={`/apps/${appId}/timeline/${delivery.runId}`}>
                    {delivery.runId}
                  </Link>,
                ] as const,
              ]
            : []),
          ['Id on the wire', <code key="id-on-the-wire">{delivery.id}</code>],
          ['Created', <Time key="created" at={delivery.createdAt} />],
        ]}
      />
    </Section>
  );
}

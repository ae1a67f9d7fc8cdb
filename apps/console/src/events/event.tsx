import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import styles from '../deliveries/deliveries.module.css';
import { StatusBadge } from '../deliveries/exchange.tsx';
import { LinkButton } from '../design/button.tsx';
import { Facts, Page, Section } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import type { DomainEvent } from './events.tsx';

/** One domain event, its data, and what was sent of it to whom. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const { id = '' } = useParams();
  const read = useQuery({
    queryKey: [appId, 'events', 'one', id],
    queryFn: () => bodyOf(api.GET('/v1/events/{id}', { params: { path: { id } } })),
  });
  return (
    <Page
      title={read.data?.type ?? 'Event'}
      parent={{ label: 'Events', to: `/apps/${appId}/events` }}
      actions={<LinkButton to={`/apps/${appId}/timeline/${id}`}>Timeline</LinkButton>}
    >
      <QueryView query={read}>
        {(event) => (
          <>
            <Section title="Event">
              <Facts
                facts={[
                  ['Id', <code key="id">{event.id}</code>],
                  ['Source', event.source],
                  ['Subject', event.subject ?? 'none'],
                  ['Time', <Time key="time" at={event.time} />],
                  ['Recorded', <Time key="recorded" at={event.recordedAt} />],
                  ...(event.runId
                    ? [
                        [
                          'Run',
                          <Link key="run" to={`/apps/${appId}/timeline/${event.runId}`}>
                            {event.runId}
                          </Link>,
                        ] as const,
                      ]
                    : []),
                ]}
              />
              <Payload label="Data" value={event.data} />
            </Section>
            <Section title="Deliveries">
              <DeliveriesOf event={event} />
            </Section>
          </>
        )}
      </QueryView>
    </Page>
  );
}

function DeliveriesOf({ event }: { event: DomainEvent }) {
  if (event.deliveries.length === 0) return <p>Nobody had subscribed to it.</p>;
  return (
    <ul className={styles.rows}>
      {event.deliveries.map((each) => (
        <li key={each.deliveryId}>
          <OneDelivery id={each.deliveryId} name={each.endpointName} />
        </li>
      ))}
    </ul>
  );
}

function OneDelivery({ id, name }: { id: string; name: string }) {
  const api = useApi();
  const appId = useAppId();
  const read = useQuery({
    queryKey: [appId, 'deliveries', 'one', id],
    queryFn: () => bodyOf(api.GET('/v1/deliveries/{id}', { params: { path: { id } } })),
    refetchInterval: (query) => (query.state.data?.status === 'pending' ? 3_000 : false),
  });
  const count = read.data?.attempts.length ?? 0;
  return (
    <div className={styles.line}>
      {read.data ? <StatusBadge status={read.data.status} /> : null}
      <Link to={`/apps/${appId}/deliveries/${id}`}>{name}</Link>
      <span>{count === 1 ? '1 attempt' : `${count} attempts`}</span>
    </div>
  );
}

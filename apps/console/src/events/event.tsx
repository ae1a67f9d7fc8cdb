import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import styles from '../deliveries/deliveries.module.css';
import type { Delivery } from '../deliveries/delivery-types.ts';
import { StatusBadge } from '../deliveries/exchange.tsx';
import { LinkButton } from '../design/button.tsx';
import { Facts, Page, Section } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { readable, visible } from '../design/payload.rules.ts';
import { QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useLiveSigns } from '../live/use-live-signs.ts';
import type { DomainEvent } from './events.tsx';

const POLL_MS = 3_000;

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
                  ...attributesOf(event),
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

/** What else its producer said of it, by the names that CloudEvents give it. */
function attributesOf({ attributes }: DomainEvent): (readonly [string, string])[] {
  const { extensions, ...named } = (attributes ?? {}) as ProducerAttributes;
  return Object.entries({ ...named, ...extensions }).map(([name, value]) => [name, visible(readable(value))] as const);
}

interface ProducerAttributes {
  dataschema?: string;
  datacontenttype?: string;
  extensions?: Record<string, unknown>;
}

/** Followed while some of them are under way. */
function DeliveriesOf({ event }: { event: DomainEvent }) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const found = useQueries({
    queries: event.deliveries.map(({ deliveryId }) => ({
      queryKey: [appId, 'deliveries', 'one', deliveryId],
      queryFn: () => bodyOf(api.GET('/v1/deliveries/{id}', { params: { path: { id: deliveryId } } })),
    })),
  });
  const pending = found.flatMap(({ data }, at) =>
    data === undefined || data.status === 'pending' ? (event.deliveries[at]?.deliveryId ?? []) : [],
  );
  const filter = pending.length === 0 ? null : { kinds: 'delivery', eventType: event.type };
  useLiveSigns(filter, POLL_MS, () =>
    Promise.all(
      pending.map((id) => queries.refetchQueries({ queryKey: [appId, 'deliveries', 'one', id], exact: true })),
    ),
  );
  if (event.deliveries.length === 0) return <p>Nobody had subscribed to it.</p>;
  return (
    <ul className={styles.rows}>
      {event.deliveries.map(({ deliveryId, endpointName }, at) => (
        <li key={deliveryId}>
          <OneDelivery id={deliveryId} name={endpointName} delivery={found[at]?.data} />
        </li>
      ))}
    </ul>
  );
}

interface OneDeliveryProps {
  id: string;
  name: string;
  delivery: Delivery | undefined;
}

function OneDelivery({ id, name, delivery }: OneDeliveryProps) {
  const appId = useAppId();
  const count = delivery?.attempts.length ?? 0;
  return (
    <div className={styles.line}>
      {delivery ? <StatusBadge status={delivery.status} /> : null}
      <Link to={`/apps/${appId}/deliveries/${id}`}>{name}</Link>
      <span>{count === 1 ? '1 attempt' : `${count} attempts`}</span>
    </div>
  );
}

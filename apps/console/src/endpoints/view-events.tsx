import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { Link } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import type { Delivery } from '../deliveries/delivery-types.ts';
import styles from '../deliveries/deliveries.module.css';
import { Attempts, StatusBadge } from '../deliveries/exchange.tsx';
import { Button } from '../design/button.tsx';
import { Section } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useLiveSigns } from '../live/use-live-signs.ts';

const POLL_MS = 3_000;

/** ET-09: the last hundred events of an endpoint, those under way included; each opens to its whole exchange. */
export function ViewEvents({ id }: { id: string }) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const queryKey = [appId, 'endpoints', id, 'events'];
  // One page, unless bodies are long.
  const { query, items } = usePages(queryKey, (cursor) =>
    bodyOf(api.GET('/v1/endpoints/{id}/events', { params: { path: { id }, query: cursor ? { cursor } : {} } })),
  );
  // With the endpoint's own state, and the opened ones below it. An event is listed before its first attempt, and whoever
  // changes the endpoint makes an event: events of the app count as well.
  const shown = [appId, 'endpoints', id];
  useLiveSigns({ kinds: 'event,delivery' }, POLL_MS, () => queries.refetchQueries({ queryKey: shown, type: 'active' }));
  return (
    <Section title="View events">
      <QueryView query={query}>
        {() =>
          items.length === 0 ? (
            <Empty title="Nothing was sent yet">The last 100 events are listed here, those under way as well.</Empty>
          ) : (
            <>
              <ul className={styles.rows}>
                {items.map((delivery) => (
                  <EventOfRing key={delivery.id} endpointId={id} delivery={delivery} />
                ))}
              </ul>
              {query.hasNextPage ? <Button onPress={() => void query.fetchNextPage()}>Show older events</Button> : null}
            </>
          )
        }
      </QueryView>
    </Section>
  );
}

function lastAnswer({ attempts }: Delivery): string {
  const last = attempts.at(-1);
  if (!last) return 'under way';
  if (last.response) return `status ${last.response.status}`;
  return last.error ? `${last.error.stage}: ${last.error.message}` : '–';
}

function EventOfRing({ endpointId, delivery }: { endpointId: string; delivery: Delivery }) {
  const [isOpen, setOpen] = useState(false);
  const panel = useId();
  return (
    <li>
      <div className={styles.line}>
        <Button
          kind="quiet"
          small
          aria-expanded={isOpen}
          aria-controls={panel}
          aria-label={`${isOpen ? 'Close' : 'Open'} ${delivery.eventType} ${delivery.id}`}
          onPress={() => setOpen(!isOpen)}
        >
          {isOpen ? '▾' : '▸'}
        </Button>
        <StatusBadge status={delivery.status} />
        <code>{delivery.eventType}</code>
        <Time at={delivery.createdAt} />
        <span>
          {delivery.attempts.length === 1 ? '1 attempt' : `${delivery.attempts.length} attempts`},{' '}
          {lastAnswer(delivery)}
        </span>
      </div>
      <div id={panel}>{isOpen ? <WholeDelivery endpointId={endpointId} deliveryId={delivery.id} /> : null}</div>
    </li>
  );
}

function WholeDelivery({ endpointId, deliveryId }: { endpointId: string; deliveryId: string }) {
  const api = useApi();
  const appId = useAppId();
  const path = { id: endpointId, deliveryId };
  const whole = useQuery({
    queryKey: [appId, 'endpoints', endpointId, 'events', deliveryId],
    queryFn: () => bodyOf(api.GET('/v1/endpoints/{id}/events/{deliveryId}', { params: { path } })),
  });
  return (
    <QueryView query={whole}>
      {(delivery) => (
        <>
          <Link to={`/apps/${appId}/deliveries/${delivery.id}`}>Open the delivery</Link>
          <Attempts attempts={delivery.attempts} />
        </>
      )}
    </QueryView>
  );
}

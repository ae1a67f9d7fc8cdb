import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { LinkButton } from '../design/button.tsx';
import { type Column, DataTable } from '../design/data-table.tsx';
import { SelectField, TextField } from '../design/field.tsx';
import { Filters, Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import { LiveBar } from '../live/live-bar.tsx';
import { useLivePages } from '../live/use-live-pages.ts';
import { may, useUser } from '../session/session.ts';
import { DELIVERY_STATUSES, type Delivery, type DeliveryStatus } from './delivery-types.ts';
import styles from './deliveries.module.css';
import { StatusBadge } from './exchange.tsx';
import { ReplaySelection } from './replay-selection.tsx';

const POLL_MS = 10_000;

/** A local date and time as the API takes it; what is not one yet narrows nothing. */
const instantOf = (local: string): string | undefined =>
  local === '' || Number.isNaN(Date.parse(local)) ? undefined : new Date(local).toISOString();

function useDeliveryFilters() {
  const [status, setStatus] = useFilter('status');
  const [endpointId, setEndpointId] = useFilter('endpointId');
  const [eventType, setEventType] = useFilter('eventType');
  const [since, setSince] = useFilter('since');
  const [until, setUntil] = useFilter('until');
  const query = {
    ...(status ? { status: status as DeliveryStatus } : {}),
    ...(endpointId ? { endpointId } : {}),
    ...(eventType ? { eventType } : {}),
    ...(instantOf(since) ? { since: instantOf(since) as string } : {}),
    ...(instantOf(until) ? { until: instantOf(until) as string } : {}),
  };
  const values = { status, endpointId, eventType, since, until };
  return { query, values, set: { setStatus, setEndpointId, setEventType, setSince, setUntil } };
}

/** The endpoints of the app by their names, for choosing one. */
export function useEndpointOptions() {
  const api = useApi();
  const appId = useAppId();
  const list = useQuery({
    queryKey: [appId, 'endpoints', 'options'],
    queryFn: () => bodyOf(api.GET('/v1/endpoints', { params: { query: { limit: 200 } } })),
  });
  const options = (list.data?.items ?? []).map(({ id, name }) => ({ value: String(id), label: `${name} (${id})` }));
  return { options, source: list };
}

const lastStatus = ({ attempts }: Delivery): string => {
  const last = attempts.at(-1);
  return String(last?.response?.status ?? last?.error?.code ?? '–');
};

function columnsOf(selected: ReadonlySet<string>, toggle: (id: string) => void): Column<Delivery>[] {
  return [
    {
      name: 'Select',
      width: '5rem',
      cell: (row) => (
        <input
          type="checkbox"
          aria-label={`Select ${row.eventType} ${row.id}`}
          checked={selected.has(row.id)}
          onChange={() => toggle(row.id)}
        />
      ),
    },
    { name: 'Status', width: '8rem', cell: (row) => <StatusBadge status={row.status} /> },
    { name: 'Event', width: '2fr', cell: (row) => <code>{row.eventType}</code> },
    { name: 'Endpoint', width: '2fr', cell: (row) => row.endpointName ?? `endpoint ${row.endpointId}` },
    { name: 'Attempts', width: '6rem', cell: (row) => row.attempts.length },
    { name: 'Last answer', width: '8rem', cell: lastStatus },
    { name: 'Created', width: '12rem', cell: (row) => <Time at={row.createdAt} /> },
  ];
}

/** All deliveries of the app; every filter is in the address. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const user = useUser();
  const { query, values, set } = useDeliveryFilters();
  const endpoints = useEndpointOptions();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const list = useLivePages<Delivery>(
    [appId, 'deliveries', query],
    (cursor) => bodyOf(api.GET('/v1/deliveries', { params: { query: { ...query, ...(cursor ? { cursor } : {}) } } })),
    { filter: { kinds: 'event,delivery' }, pollMs: POLL_MS },
  );
  const columns = useMemo(() => {
    const toggle = (id: string): void =>
      setSelected((now) => new Set(now.has(id) ? [...now].filter((each) => each !== id) : [...now, id]));
    return columnsOf(selected, toggle);
  }, [selected]);
  const chosen = list.items.filter((row) => selected.has(row.id));
  const isFiltered = Object.keys(query).length > 0;
  return (
    <Page title="Deliveries" about="What was sent to outbound webhooks, with every attempt.">
      <Filters>
        <SelectField
          label="Status"
          value={values.status}
          onChange={set.setStatus}
          options={[
            { value: '', label: 'Any' },
            ...DELIVERY_STATUSES.map((status) => ({ value: status, label: status })),
          ]}
        />
        <SelectField
          label="Webhook"
          value={values.endpointId}
          onChange={set.setEndpointId}
          options={[{ value: '', label: 'Any' }, ...endpoints.options]}
          source={endpoints.source}
        />
        <TextField label="Event type" type="search" value={values.eventType} onChange={set.setEventType} />
        <TextField label="Since" type="datetime-local" value={values.since} onChange={set.setSince} />
        <TextField label="Until" type="datetime-local" value={values.until} onChange={set.setUntil} />
      </Filters>
      {may(user, 'operator', appId) ? (
        <div className={styles.toolbar} role="toolbar" aria-label="With the deliveries">
          <ReplaySelection chosen={chosen} onDone={() => setSelected(new Set())} />
          <LinkButton small to={replayAllTo(appId, values)}>
            Replay all of these …
          </LinkButton>
          {chosen.length === 2 ? (
            <LinkButton small to={`/apps/${appId}/deliveries/compare?a=${chosen[1]?.id}&b=${chosen[0]?.id}`}>
              Compare the two
            </LinkButton>
          ) : null}
        </div>
      ) : null}
      <LiveBar list={list} />
      <QueryView query={list.query}>
        {() =>
          list.items.length === 0 ? (
            <Empty title={isFiltered ? 'None is like that' : 'Nothing was sent yet'}>
              When an event has a subscriber, what was sent to it and what it answered is here.
            </Empty>
          ) : (
            <DataTable
              label="Deliveries"
              columns={columns}
              rows={list.items}
              keyOf={(row) => row.id}
              hrefOf={(row) => `/apps/${appId}/deliveries/${row.id}`}
              onEnd={list.onEnd}
              onHold={list.onHold}
              top={list.top}
            />
          )
        }
      </QueryView>
    </Page>
  );
}

/** The form of a replay, filled in with what the list shows. */
function replayAllTo(appId: string | null, values: Record<string, string>): string {
  const params = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ''));
  return `/apps/${appId}/replays/new?${params}`;
}

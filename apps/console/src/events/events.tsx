import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import type { paths } from '../api/generated/schema.ts';
import { LinkButton } from '../design/button.tsx';
import { DataTable } from '../design/data-table.tsx';
import { TextField } from '../design/field.tsx';
import { Filters, Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import { LiveBar } from '../live/live-bar.tsx';
import { useLivePages } from '../live/use-live-pages.ts';

export type DomainEvent = paths['/v1/events/{id}']['get']['responses'][200]['content']['application/json'];

const POLL_MS = 3_000;
const COLUMNS = [
  { name: 'Type', width: '2fr', cell: (row: DomainEvent) => <code>{row.type}</code> },
  { name: 'Subject', cell: (row: DomainEvent) => row.subject ?? '–' },
  { name: 'Source', cell: (row: DomainEvent) => row.source },
  { name: 'Deliveries', width: '7rem', cell: (row: DomainEvent) => row.deliveries.length },
  { name: 'Recorded', width: '12rem', cell: (row: DomainEvent) => <Time at={row.recordedAt} /> },
];

/** A local date and time as the API takes it; what is not one yet narrows nothing. */
const instantOf = (local: string): string | undefined =>
  local === '' || Number.isNaN(Date.parse(local)) ? undefined : new Date(local).toISOString();

/** Domain events of the app, the newest first. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const [since, setSince] = useFilter('since');
  const [until, setUntil] = useFilter('until');
  const query = {
    ...(instantOf(since) ? { since: instantOf(since) as string } : {}),
    ...(instantOf(until) ? { until: instantOf(until) as string } : {}),
  };
  const list = useLivePages<DomainEvent>(
    [appId, 'events', query],
    (cursor) => bodyOf(api.GET('/v1/events', { params: { query: { ...query, ...(cursor ? { cursor } : {}) } } })),
    { filter: { kinds: 'event' }, pollMs: POLL_MS },
  );
  const publish = <LinkButton to={`/apps/${appId}/event-types`}>Event types and test events</LinkButton>;
  return (
    <Page
      title="Events"
      about="What happened: told by flows, by your services, and by Sluice itself."
      actions={publish}
    >
      <Filters>
        <TextField label="Since" type="datetime-local" value={since} onChange={setSince} />
        <TextField label="Until" type="datetime-local" value={until} onChange={setUntil} />
      </Filters>
      <LiveBar list={list} />
      <QueryView query={list.query}>
        {() =>
          list.items.length === 0 ? (
            <Empty title="No events yet" action={publish}>
              A flow emits them by the step <code>emit</code>; your services publish them at{' '}
              <code>POST /v1/events</code>.
            </Empty>
          ) : (
            <DataTable
              label="Events"
              columns={COLUMNS}
              rows={list.items}
              keyOf={(row) => row.id}
              hrefOf={(row) => `/apps/${appId}/events/${row.id}`}
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

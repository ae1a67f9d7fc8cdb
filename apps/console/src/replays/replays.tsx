import { bodyOf, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { LinkButton } from '../design/button.tsx';
import { DataTable } from '../design/data-table.tsx';
import { Badge, Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { LiveBar } from '../live/live-bar.tsx';
import { useLivePages } from '../live/use-live-pages.ts';
import { may, useUser } from '../session/session.ts';

type ReplayView = Schema<'ReplayView'>;

const POLL_MS = 3_000;

const COLUMNS = [
  {
    name: 'State',
    width: '8rem',
    cell: (row: ReplayView) => <Badge tone={row.state === 'running' ? 'info' : 'plain'}>{row.state}</Badge>,
  },
  { name: 'Planned', cell: (row: ReplayView) => row.planned.toLocaleString() },
  { name: 'Succeeded', cell: (row: ReplayView) => row.succeeded.toLocaleString() },
  { name: 'Failed', cell: (row: ReplayView) => row.failed.toLocaleString() },
  { name: 'Pending', cell: (row: ReplayView) => row.pending.toLocaleString() },
  { name: 'Asked for', width: '12rem', cell: (row: ReplayView) => <Time at={row.createdAt} /> },
];

/** Replays of the app, the newest first. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const user = useUser();
  const list = useLivePages<ReplayView>(
    [appId, 'replays', 'all'],
    (cursor) => bodyOf(api.GET('/v1/replays', { params: { query: cursor ? { cursor } : {} } })),
    { filter: { kinds: 'delivery' }, pollMs: POLL_MS },
  );
  const add = may(user, 'operator', appId) ? (
    <LinkButton kind="primary" to="new">
      Replay events
    </LinkButton>
  ) : null;
  return (
    <Page title="Replays" about="Events that were sent again." actions={add}>
      <LiveBar list={list} />
      <QueryView query={list.query}>
        {() =>
          list.items.length === 0 ? (
            <Empty title="Nothing was replayed yet" action={add}>
              Send events again after a receiver was repaired, or to one that came later.
            </Empty>
          ) : (
            <DataTable
              label="Replays"
              columns={COLUMNS}
              rows={list.items}
              keyOf={(row) => row.id}
              hrefOf={(row) => `/apps/${appId}/replays/${row.id}`}
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

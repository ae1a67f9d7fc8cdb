import { bodyOf } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { LinkButton } from '../design/button.tsx';
import { type Column, DataTable } from '../design/data-table.tsx';
import { TextField } from '../design/field.tsx';
import { Badge, Filters, Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import { may, useUser } from '../session/session.ts';
import type { Trigger } from './trigger-queries.ts';

const COLUMNS: readonly Column<Trigger>[] = [
  { name: 'Name', width: '2fr', cell: (row) => row.name },
  { name: 'State', cell: (row) => (row.enabled ? <Badge tone="good">on</Badge> : <Badge tone="warn">off</Badge>) },
  { name: 'Profile', cell: (row) => row.profile },
  { name: 'Proved by', cell: (row) => String(row.auth.preset ?? row.auth.type) },
  { name: 'URL', width: '3fr', cell: (row) => <code>{row.url}</code> },
  { name: 'Changed', width: '10.5rem', cell: (row) => <Time at={row.updatedAt} /> },
];

/** Inbound webhooks of the app; `?q=` finds by name, `?flowId=` those of a flow. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const user = useUser();
  const [q, setQ] = useFilter('q');
  const [flowId] = useFilter('flowId');
  const filters = { ...(q ? { q } : {}), ...(flowId ? { flowId } : {}) };
  const { query, items, onEnd } = usePages([appId, 'triggers', filters], (cursor) =>
    bodyOf(api.GET('/v1/triggers', { params: { query: { ...filters, ...(cursor ? { cursor } : {}) } } })),
  );
  const add = may(user, 'editor', appId) ? (
    <LinkButton kind="primary" to={`/apps/${appId}/triggers/new${flowId ? `?flowId=${flowId}` : ''}`}>
      New webhook
    </LinkButton>
  ) : null;
  const isEmpty = items.length === 0 && q === '';
  return (
    <Page title="Inbound webhooks" about="Addresses that others call to start a flow." actions={isEmpty ? null : add}>
      <QueryView query={query}>
        {() =>
          isEmpty ? (
            <Empty title="No webhook yet" action={add}>
              A webhook is an address with a token. Give both to a sender; each request it sends starts a flow.
            </Empty>
          ) : (
            <>
              <Filters>
                <TextField label="Name" type="search" value={q} onChange={setQ} />
              </Filters>
              <DataTable
                label="Inbound webhooks"
                columns={COLUMNS}
                rows={items}
                keyOf={(row) => row.id}
                hrefOf={(row) => `/apps/${appId}/triggers/${row.id}`}
                onEnd={onEnd}
              />
            </>
          )
        }
      </QueryView>
    </Page>
  );
}

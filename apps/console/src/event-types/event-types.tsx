import { bodyOf, type Schema } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { LinkButton } from '../design/button.tsx';
import { DataTable } from '../design/data-table.tsx';
import { TextField } from '../design/field.tsx';
import { Badge, Filters, Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { useFilter } from '../design/use-filter.ts';
import { may, useUser } from '../session/session.ts';

type EventType = Schema<'EventTypeView'>;

const COLUMNS = [
  { name: 'Name', width: '2fr', cell: (row: EventType) => <code>{row.name}</code> },
  { name: 'Description', width: '3fr', cell: (row: EventType) => row.description },
  { name: 'Kind', width: '7rem', cell: (row: EventType) => (row.builtIn ? <Badge>built-in</Badge> : 'your own') },
  { name: 'Schema', width: '8rem', cell: (row: EventType) => (row.schema ? `version ${row.version}` : 'none') },
];

/** RG-05: the catalogue of event types. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const user = useUser();
  const [q, setQ] = useFilter('q');
  const list = usePages([appId, 'event-types', q], (cursor) =>
    bodyOf(api.GET('/v1/event-types', { params: { query: { ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) } } })),
  );
  const add = may(user, 'editor', appId) ? (
    <LinkButton kind="primary" to="new">
      Add event type
    </LinkButton>
  ) : null;
  return (
    <Page title="Event types" about="What can happen, and the shape of its data." actions={add}>
      <Filters>
        <TextField label="Name contains" type="search" value={q} onChange={setQ} />
      </Filters>
      <QueryView query={list.query}>
        {() =>
          list.items.length === 0 ? (
            <Empty title="None is called so" action={add} />
          ) : (
            <DataTable
              label="Event types"
              columns={COLUMNS}
              rows={list.items}
              keyOf={(row) => row.name}
              hrefOf={(row) => `/apps/${appId}/event-types/${encodeURIComponent(row.name)}`}
              onEnd={list.onEnd}
            />
          )
        }
      </QueryView>
    </Page>
  );
}

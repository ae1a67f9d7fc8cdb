import { bodyOf } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { LinkButton } from '../design/button.tsx';
import { DataTable } from '../design/data-table.tsx';
import { TextField } from '../design/field.tsx';
import { Badge, Filters, Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { useFilter } from '../design/use-filter.ts';
import { may, useUser } from '../session/session.ts';
import { type EndpointView, labelOfType, typeOf } from './endpoint-draft.rules.ts';

const COLUMNS = [
  { name: 'Name', cell: (row: EndpointView) => row.name, width: '2fr' },
  { name: 'Type', cell: (row: EndpointView) => labelOfType(typeOf(row)), width: '10rem' },
  { name: 'URL', cell: (row: EndpointView) => <code>{row.url}</code>, width: '3fr' },
  { name: 'Events', cell: (row: EndpointView) => (row.events.includes('*') ? 'all' : row.events.join(', ')) },
  {
    name: 'State',
    cell: (row: EndpointView) => (row.enabled ? <Badge tone="good">enabled</Badge> : <Badge>disabled</Badge>),
    width: '7rem',
  },
];

/** ET-01, LU-01: the page Webhooks. Who may not add one sees no button for it; the API refuses as well. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const user = useUser();
  const [q, setQ] = useFilter('q');
  const list = usePages([appId, 'endpoints', q], (cursor) =>
    bodyOf(api.GET('/v1/endpoints', { params: { query: { ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) } } })),
  );
  const add = may(user, 'administrator', appId) ? (
    <LinkButton kind="primary" to="new">
      Add webhook
    </LinkButton>
  ) : null;
  return (
    <Page title="Outbound webhooks" about="Addresses that Sluice calls: with events, or to ask." actions={add}>
      <Filters>
        <TextField label="Name contains" type="search" value={q} onChange={setQ} />
      </Filters>
      <QueryView query={list.query}>
        {() =>
          list.items.length === 0 ? (
            <Empty title={q ? 'None is called so' : 'No outbound webhooks yet'} action={q ? null : add}>
              An outbound webhook is sent the events that your flows emit, or is asked by them.
            </Empty>
          ) : (
            <DataTable
              label="Outbound webhooks"
              columns={COLUMNS}
              rows={list.items}
              keyOf={(row) => row.uuid}
              hrefOf={(row) => `/apps/${appId}/endpoints/${row.id}`}
              onEnd={list.onEnd}
            />
          )
        }
      </QueryView>
    </Page>
  );
}

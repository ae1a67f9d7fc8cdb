import { bodyOf } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button, LinkButton } from '../design/button.tsx';
import { DataTable } from '../design/data-table.tsx';
import { TextField } from '../design/field.tsx';
import { Filters, Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import { FOUND_COLUMNS } from './found-columns.tsx';
import { useCommonFilters } from './search-filters.tsx';

const instantOf = (local: string): string | null =>
  local === '' || Number.isNaN(Date.parse(local)) ? null : new Date(local).toISOString();

/** LG-03: requests, runs, events and deliveries by all that is known of them, text in payloads included. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const { filters, fields } = useCommonFilters();
  const [code, setCode] = useFilter('code');
  const [since, setSince] = useFilter('since');
  const [until, setUntil] = useFilter('until');
  const [from, to] = [instantOf(since), instantOf(until)];
  const query = {
    ...filters,
    ...(/^[1-5]\d\d$/.test(code) ? { statusCode: Number(code) } : {}),
    ...(from ? { since: from } : {}),
    ...(to ? { until: to } : {}),
  };
  const list = usePages([appId, 'search', query], (cursor) =>
    bodyOf(api.GET('/v1/search', { params: { query: { ...query, ...(cursor ? { cursor } : {}) } } })),
  );
  const searchedUntil = list.query.data?.pages.at(-1)?.searchedUntil ?? null;
  return (
    <Page
      title="Search"
      about="Everything that came in, ran, happened or went out."
      actions={<LinkButton to={`/apps/${appId}/live`}>Watch live</LinkButton>}
    >
      <Filters>
        {fields}
        <TextField label="Status code of the answer" value={code} onChange={setCode} />
        <TextField label="Since" type="datetime-local" value={since} onChange={setSince} />
        <TextField label="Until" type="datetime-local" value={until} onChange={setUntil} />
      </Filters>
      <QueryView query={list.query}>
        {() =>
          list.items.length === 0 ? (
            <Empty title="Nothing found">
              {searchedUntil ? 'Nothing so far: older ones have not been looked at yet.' : 'Nothing fits the filters.'}
            </Empty>
          ) : (
            <DataTable
              label="Found"
              columns={FOUND_COLUMNS}
              rows={list.items}
              keyOf={(row) => `${row.kind} ${row.id}`}
              hrefOf={(row) => `/apps/${appId}/timeline/${row.id}`}
              onEnd={list.onEnd}
            />
          )
        }
      </QueryView>
      {searchedUntil ? (
        <p>
          Looked back until <Time at={searchedUntil} />.{' '}
          <Button small isBusy={list.query.isFetchingNextPage} onPress={list.onEnd}>
            Look further back
          </Button>
        </p>
      ) : null}
    </Page>
  );
}

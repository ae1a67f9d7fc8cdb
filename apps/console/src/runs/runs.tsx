import { useState } from 'react';
import { Link } from 'react-router';
import { bodyOf, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { type Column, DataTable } from '../design/data-table.tsx';
import { SelectField, TextField } from '../design/field.tsx';
import { Filters, Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { duration, Time } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import { LiveBar } from '../live/live-bar.tsx';
import { useLivePages } from '../live/use-live-pages.ts';
import { may, useUser } from '../session/session.ts';
import { BulkDialog } from './bulk-dialog.tsx';
import { RUN_STATUSES, type RunStatus, StatusBadge, words } from './run-status.tsx';
import { useFlowNames } from './use-runs.ts';

type Summary = Schema<'RunSummary'>;

const POLL_MS = 3_000;

const STATUS_OPTIONS = [
  { value: '', label: 'Any status' },
  ...RUN_STATUSES.map((value) => ({ value, label: words(value) })),
];
const isStatus = (text: string): text is RunStatus => (RUN_STATUSES as readonly string[]).includes(text);
const instant = (local: string): string | undefined => {
  const date = new Date(local);
  return local === '' || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};

function useRunFilters() {
  const [flowId, setFlowId] = useFilter('flow');
  const [status, setStatus] = useFilter('status');
  const [q, setQ] = useFilter('q');
  const [triggerId] = useFilter('trigger');
  const [since, setSince] = useFilter('since');
  const query = {
    ...(flowId === '' ? {} : { flowId }),
    ...(isStatus(status) ? { status } : {}),
    ...(q.trim() === '' ? {} : { q: q.trim() }),
    ...(triggerId === '' ? {} : { triggerId }),
    ...(instant(since) === undefined ? {} : { since: instant(since) as string }),
  };
  return { query, flowId, setFlowId, status, setStatus, q, setQ, since, setSince };
}

function columnsOf(nameOf: (id: string) => string, appId: string): Column<Summary>[] {
  return [
    { name: 'Run', width: '7rem', cell: (run) => (run.number === null ? 'not begun' : `#${run.number}`) },
    { name: 'Status', width: '8rem', cell: (run) => <StatusBadge status={run.status} /> },
    {
      name: 'Flow',
      width: '2fr',
      cell: (run) => (
        <Link to={`/apps/${appId}/flows/${run.flowId}`} tabIndex={-1}>
          {nameOf(run.flowId)}
        </Link>
      ),
    },
    { name: 'Queued', width: '13rem', cell: (run) => <Time at={run.queuedAt} /> },
    { name: 'In the queue', width: '8rem', cell: (run) => duration(run.queueMs) },
    { name: 'Ran', width: '8rem', cell: (run) => duration(run.runMs) },
    {
      name: 'Error',
      width: '2fr',
      cell: (run) => run.error?.message ?? (run.mode === 'draft' ? 'test of a draft' : ''),
    },
  ];
}

/** Everything that ran, runs, or waits for its turn; what is new shows up by itself. */
export function Component() {
  const api = useApi();
  const appId = useAppId() ?? '';
  const user = useUser();
  const filters = useRunFilters();
  const flows = useFlowNames();
  const [isBulk, setBulk] = useState(false);
  const list = useLivePages<Summary>(
    [appId, 'runs', filters.query],
    (cursor) => bodyOf(api.GET('/v1/runs', { params: { query: { ...filters.query, ...(cursor ? { cursor } : {}) } } })),
    { filter: { kinds: 'request,run' }, pollMs: POLL_MS },
  );
  const { query: found, items } = list;
  const nameOf = (id: string): string => flows.data?.find((flow) => flow.id === id)?.name ?? id;
  const flowOptions = (flows.data ?? []).map(({ id, name }) => ({ value: id, label: name }));
  const bulk = <Button onPress={() => setBulk(true)}>Retry or cancel many …</Button>;
  return (
    <Page title="Runs" about="What your flows did, newest first." actions={may(user, 'operator', appId) ? bulk : null}>
      <Filters>
        <SelectField
          label="Flow"
          value={filters.flowId}
          onChange={filters.setFlowId}
          options={[{ value: '', label: 'Any flow' }, ...flowOptions]}
          source={flows}
        />
        <SelectField label="Status" value={filters.status} onChange={filters.setStatus} options={STATUS_OPTIONS} />
        <TextField label="Number, id or error" type="search" value={filters.q} onChange={filters.setQ} />
        <TextField label="Since" type="datetime-local" value={filters.since} onChange={filters.setSince} />
      </Filters>
      <LiveBar list={list} />
      <QueryView query={found}>
        {() =>
          items.length === 0 ? (
            <Empty title="No runs here">
              {Object.keys(filters.query).length > 0
                ? 'Nothing fits the filters.'
                : 'A run begins when an inbound webhook is called, by a schedule, or when you test a flow.'}
            </Empty>
          ) : (
            <DataTable
              label="Runs"
              rows={items}
              columns={columnsOf(nameOf, appId)}
              keyOf={(run) => run.id}
              hrefOf={(run) => `/apps/${appId}/runs/${run.id}`}
              onEnd={list.onEnd}
              onHold={list.onHold}
              top={list.top}
            />
          )
        }
      </QueryView>
      <BulkDialog isOpen={isBulk} onClose={() => setBulk(false)} filters={filters.query} />
    </Page>
  );
}

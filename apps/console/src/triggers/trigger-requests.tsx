import { useState } from 'react';
import { Link } from 'react-router';
import { bodyOf, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { type Column, DataTable } from '../design/data-table.tsx';
import { Dialog } from '../design/dialog.tsx';
import { SelectField } from '../design/field.tsx';
import { Badge, Facts, Filters } from '../design/page.tsx';
import { Command, Payload } from '../design/payload.tsx';
import { curlOf } from '../design/payload.rules.ts';
import { Empty, QueryView } from '../design/states.tsx';
import { bytes, Time } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import { LiveBar } from '../live/live-bar.tsx';
import { useLivePages } from '../live/use-live-pages.ts';
import { useLoadedTrigger } from './trigger.tsx';

type Received = Schema<'TriggerRequestView'>;
const POLL_MS = 5_000;

const STATES = [
  { value: '', label: 'All' },
  { value: 'accepted', label: 'Accepted' },
  { value: 'rejected', label: 'Rejected' },
] as const;

/** What came to this webhook, with the reason of what was refused; new ones show up by themselves. */
export function Component() {
  const { trigger } = useLoadedTrigger();
  const api = useApi();
  const appId = useAppId();
  const [status, setStatus] = useFilter('status');
  const [openId, setOpenId] = useFilter('request');
  const [opened, setOpened] = useState<Received | null>(null);
  const chosen = status === 'accepted' || status === 'rejected' ? status : undefined;
  const list = useLivePages<Received>(
    [appId, 'triggers', trigger.id, 'requests', status],
    (cursor) =>
      bodyOf(
        api.GET('/v1/triggers/{id}/requests', {
          params: {
            path: { id: trigger.id },
            query: { ...(chosen ? { status: chosen } : {}), ...(cursor ? { cursor } : {}) },
          },
        }),
      ),
    { filter: { kinds: 'request,run', triggerId: trigger.id }, pollMs: POLL_MS },
  );
  const { query, items } = list;
  const open = (row: Received | null): void => {
    setOpened(row);
    setOpenId(row?.id ?? '');
  };
  const shown = opened ?? items.find((row) => row.id === openId) ?? null;
  const columns: readonly Column<Received>[] = [
    { name: 'Received', width: '10.5rem', cell: (row) => <Time at={row.receivedAt} /> },
    {
      name: 'Result',
      width: '1.5fr',
      cell: (row) =>
        row.rejection ? (
          <Badge tone="bad">
            {row.rejection.status} {row.rejection.code}
          </Badge>
        ) : (
          <Badge tone="good">accepted</Badge>
        ),
    },
    { name: 'Method', width: '6rem', cell: (row) => row.method },
    { name: 'Body', width: '6rem', cell: (row) => bytes(row.bodySize) },
    { name: 'From', cell: (row) => row.remoteAddress },
    {
      name: 'Run',
      cell: (row) => (row.run ? <Link to={`/apps/${appId}/runs/${row.run.id}`}>{row.run.status}</Link> : '–'),
    },
    {
      name: 'More',
      width: '6rem',
      cell: (row) => (
        <Button small kind="quiet" aria-label={`Look at the request ${row.id}`} onPress={() => open(row)}>
          Look
        </Button>
      ),
    },
  ];
  return (
    <>
      <Filters>
        <SelectField label="Result" value={status as ''} options={STATES as never} onChange={setStatus} />
      </Filters>
      <LiveBar list={list} />
      <QueryView query={query}>
        {() =>
          items.length === 0 ? (
            <Empty title="No request yet">Call the URL of the details page; what comes shows up here by itself.</Empty>
          ) : (
            <DataTable
              label="Requests"
              columns={columns}
              rows={items}
              keyOf={(row) => row.id}
              onEnd={list.onEnd}
              onHold={list.onHold}
              top={list.top}
            />
          )
        }
      </QueryView>
      <Dialog title="Request" isOpen={shown !== null} onClose={() => open(null)} isWide>
        {shown ? <Request request={shown} url={trigger.url} appId={appId} /> : null}
        <Button onPress={() => open(null)}>Close</Button>
      </Dialog>
    </>
  );
}

function Request({ request, url, appId }: { request: Received; url: string; appId: string | null }) {
  const { rejection, run } = request;
  return (
    <>
      <Facts
        facts={[
          [
            'Id',
            <Link key="id" to={`/apps/${appId}/timeline/${request.id}`}>
              {request.id}
            </Link>,
          ],
          ['Received', <Time key="at" at={request.receivedAt} />],
          ['From', request.remoteAddress],
          ...(rejection
            ? ([
                ['Refused', `${rejection.status} ${rejection.code}: ${rejection.detail}`],
                ['Not recorded', `${rejection.notRecorded} more refused requests since the last one that is shown`],
              ] as const)
            : []),
          ...(run
            ? ([
                [
                  'Run',
                  <Link key="run" to={`/apps/${appId}/runs/${run.id}`}>
                    {run.status}
                  </Link>,
                ],
              ] as const)
            : []),
          ['Trace', request.traceId ?? '–'],
        ]}
      />
      {request.headers ? (
        <Payload label="Headers" value={request.headers} />
      ) : (
        <p>Headers: {request.headerNames.join(', ') || 'none'}</p>
      )}
      {request.query && Object.keys(request.query).length > 0 ? <Payload label="Query" value={request.query} /> : null}
      {request.body === null && request.bodySize > 0 && !rejection ? (
        <p>Body: the log does not hold its {bytes(request.bodySize)}; large ones are kept with their run.</p>
      ) : null}
      {request.body === null ? null : (
        <Payload label={request.bodyTruncated ? 'Body, its first 64 KiB' : 'Body'} value={request.body} />
      )}
      {request.headers && request.body !== null ? (
        <Command
          label="As curl (without the credential)"
          text={curlOf({ method: request.method, url, headers: request.headers, body: request.body })}
        />
      ) : null}
    </>
  );
}

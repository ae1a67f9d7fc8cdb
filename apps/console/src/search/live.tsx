import { useState } from 'react';
import { useAppId } from '../api/use-api.ts';
import { Button, LinkButton } from '../design/button.tsx';
import { DataTable } from '../design/data-table.tsx';
import { Badge, Filters, Page, type Tone } from '../design/page.tsx';
import { Empty } from '../design/states.tsx';
import { FOUND_COLUMNS } from './found-columns.tsx';
import { useCommonFilters } from './search-filters.tsx';
import { type TailState, useLiveTail } from './use-live-tail.ts';

const STATES: Record<TailState, { label: string; tone: Tone }> = {
  connecting: { label: 'connecting', tone: 'plain' },
  live: { label: 'live', tone: 'good' },
  lost: { label: 'connection lost, trying again', tone: 'bad' },
  paused: { label: 'paused', tone: 'warn' },
};

/** LG-03: the live tail, with pause. */
export function Component() {
  const appId = useAppId() ?? '';
  const { filters, fields } = useCommonFilters();
  const [isPaused, setPaused] = useState(false);
  const wanted = new URLSearchParams({ appId, ...filters }).toString();
  return (
    <Page
      title="Live"
      about="What happens, while it happens."
      actions={
        <>
          <Button kind="primary" onPress={() => setPaused(!isPaused)}>
            {isPaused ? 'Go on' : 'Pause'}
          </Button>
          <LinkButton to={`/apps/${appId}/search`}>Search</LinkButton>
        </>
      }
    >
      <Filters>{fields}</Filters>
      <Tail key={wanted} wanted={wanted} isPaused={isPaused} appId={appId} />
    </Page>
  );
}

function Tail({ wanted, isPaused, appId }: { wanted: string; isPaused: boolean; appId: string }) {
  const { items, state, hasSkipped } = useLiveTail(wanted, isPaused);
  const { label, tone } = STATES[state];
  return (
    <>
      <p role="status">
        <Badge tone={tone}>{label}</Badge>{' '}
        {hasSkipped ? 'More happened than is shown here: what lies between is in the search.' : null}
      </p>
      {items.length === 0 ? (
        <Empty title="Nothing has happened since you came">Call a webhook; it shows up here at once.</Empty>
      ) : (
        <DataTable
          label="Live"
          columns={FOUND_COLUMNS}
          rows={items}
          keyOf={(row) => row.seen}
          hrefOf={(row) => `/apps/${appId}/timeline/${row.id}`}
        />
      )}
    </>
  );
}

import { queryOptions, useQuery } from '@tanstack/react-query';
import type { LoaderFunctionArgs } from 'react-router';
import { bodyOf, clientOf, type Schema } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { useAppId } from '../api/use-api.ts';
import { LinkButton } from '../design/button.tsx';
import { SelectField } from '../design/field.tsx';
import { Filters, Page, Section } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { duration } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import { LiveBadge } from '../live/live-bar.tsx';
import { useLiveSigns } from '../live/use-live-signs.ts';
import styles from './chart.module.css';
import { Chart } from './chart.tsx';

type Stats = Schema<'Stats'>;
type Point = Stats['series'][number];
type Span = '1' | '6' | '24' | '168';

const SPANS: readonly { value: Span; label: string }[] = [
  { value: '1', label: 'the last hour' },
  { value: '6', label: 'the last 6 hours' },
  { value: '24', label: 'the last day' },
  { value: '168', label: 'the last week' },
];
/** Up to so many hours by minutes, otherwise by hours. */
const BY_MINUTES_HOURS = 6;
const REFRESH_MS = 10_000;
const HOUR_MS = 3_600_000;

const hoursOf = (span: string | null): number => (SPANS.some(({ value }) => value === span) ? Number(span) : 1);

const statsQuery = (appId: string | null, hours: number) =>
  queryOptions({
    queryKey: [appId, 'stats', hours],
    queryFn: () => {
      const since = new Date(Date.now() - hours * HOUR_MS).toISOString();
      const step = hours <= BY_MINUTES_HOURS ? 'minute' : 'hour';
      return bodyOf(clientOf(appId).GET('/v1/stats', { params: { query: { since, step } } }));
    },
  });

/** Asks for the numbers while the rest of the page is still being made: what one sees first here is what one waits for. */
export function loader({ params, request }: LoaderFunctionArgs): null {
  const hours = hoursOf(new URL(request.url).searchParams.get('hours'));
  void queries.prefetchQuery(statsQuery(params.appId ?? null, hours));
  return null;
}

/** How the app does: what came in, what ran, what went out, and how long it took; renewed by itself. */
export function Component() {
  const appId = useAppId();
  const [span, setSpan] = useFilter('hours', '1');
  const hours = hoursOf(span);
  const wanted = statsQuery(appId, hours);
  const query = useQuery(wanted);
  const state = useLiveSigns({}, REFRESH_MS, () => queries.refetchQueries({ queryKey: wanted.queryKey, exact: true }));
  return (
    <Page title="Overview" about="What came in, what ran, what went out.">
      <Filters>
        <SelectField label="Show" value={String(hours) as Span} options={SPANS} onChange={setSpan} />
      </Filters>
      <LiveBadge state={state} />
      <QueryView query={query}>{(stats) => <Numbers stats={stats} appId={appId ?? ''} />}</QueryView>
    </Page>
  );
}

function Numbers({ stats, appId }: { stats: Stats; appId: string }) {
  const { totals, backlog } = stats;
  // Events of its own making (an app was made, a flow was saved) are nothing that somebody waits for.
  const isQuiet = totals.requests + totals.rejected + totals.runsStarted + totals.deliveriesPlanned === 0;
  const tiles: readonly (readonly [string, string])[] = [
    ['Accepted', totals.requests.toLocaleString()],
    ['Refused', totals.rejected.toLocaleString()],
    ['Runs failed', (totals.runsFailed + totals.runsTimedOut).toLocaleString()],
    ['Deliveries failed', totals.deliveriesFailed.toLocaleString()],
    ['End to end, p95', duration(totals.endToEndMs.p95)],
    ['Runs + deliveries waiting', `${backlog.runs.toLocaleString()} + ${backlog.deliveries.toLocaleString()}`],
  ];
  return (
    <>
      {isQuiet ? (
        <Empty
          title="Nothing has happened in this time"
          action={
            <LinkButton kind="primary" to={`/apps/${appId}/triggers`}>
              Go to inbound webhooks
            </LinkButton>
          }
        >
          Make an inbound webhook and call its URL; it shows up here within a few seconds.
        </Empty>
      ) : null}
      <dl className={styles.tiles}>
        {tiles.map(([name, value]) => (
          <div key={name} className={styles.tile}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Charts stats={stats} />
    </>
  );
}

const count = (value: number): string => value.toLocaleString();

function Charts({ stats: { series, step } }: { stats: Stats }) {
  const at = series.map((point) => point.at);
  const of = (pick: (point: Point) => number | null): (number | null)[] => series.map(pick);
  const per = step === 'minute' ? 'per minute' : 'per hour';
  return (
    <div className={styles.charts}>
      <Section title="Requests">
        <Chart
          title="Requests"
          explain={`Requests ${per}. Refused ones have a reason: see the webhook's requests.`}
          at={at}
          format={count}
          lines={[
            { name: 'accepted', tone: 'accent', values: of((point) => point.requests) },
            { name: 'refused', tone: 'bad', values: of((point) => point.rejected) },
          ]}
        />
      </Section>
      <Section title="Failures">
        <Chart
          title="Failures"
          explain={`What went wrong ${per}. An attempt that failed is tried again; a delivery that failed is not.`}
          at={at}
          format={count}
          lines={[
            { name: 'runs', tone: 'bad', values: of((point) => point.runsFailed + point.runsTimedOut) },
            { name: 'attempts', tone: 'warn', values: of((point) => point.attemptsFailed) },
            { name: 'deliveries', tone: 'info', values: of((point) => point.deliveriesFailed) },
          ]}
        />
      </Section>
      <Section title="Latency">
        <Chart
          title="Latency"
          explain="How long 95 of 100 take at most: a run, one attempt, and all from the request to the endpoint's answer."
          at={at}
          format={duration}
          lines={[
            { name: 'run', tone: 'accent', values: of((point) => point.runMs.p95) },
            { name: 'attempt', tone: 'good', values: of((point) => point.attemptMs.p95) },
            { name: 'end to end', tone: 'info', values: of((point) => point.endToEndMs.p95) },
          ]}
        />
      </Section>
      <Section title="Backlog">
        <Chart
          title="Backlog"
          explain="What waits at the end of each point. A line that only rises means that work comes faster than it is done."
          at={at}
          format={count}
          lines={[
            { name: 'runs', tone: 'accent', values: of((point) => point.backlog.runs) },
            { name: 'deliveries', tone: 'warn', values: of((point) => point.backlog.deliveries) },
          ]}
        />
      </Section>
    </div>
  );
}

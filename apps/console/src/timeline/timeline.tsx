import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { TextField } from '../design/field.tsx';
import { Badge, Page, Section, type Tone } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { duration, Time } from '../design/time.tsx';
import { LiveBadge } from '../live/live-bar.tsx';
import { useLiveSigns } from '../live/use-live-signs.ts';
import { barOf, followedOf, idIn, placeOf, type Span, spanOf, type TimelineNode } from './timeline.rules.ts';
import styles from './timeline.module.css';

const LIVE_MS = 3_000;

/** LG-01: everything that led to, and followed from, a request, run, event or delivery. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const { id } = useParams();
  const queries = useQueryClient();
  const queryKey = [appId, 'timeline', id];
  const read = useQuery({
    queryKey,
    queryFn: () => bodyOf(api.GET('/v1/timeline/{id}', { params: { path: { id: id ?? '' } } })),
    enabled: id !== undefined,
  });
  const root = read.data?.root as unknown as TimelineNode | undefined;
  const state = useLiveSigns(id === undefined ? null : { id: root ? followedOf(root) : id }, LIVE_MS, () =>
    queries.refetchQueries({ queryKey, exact: true }),
  );
  return (
    <Page title="Timeline" about="What led to what: request, run, steps, events, deliveries, attempts.">
      <FindById />
      {id === undefined ? (
        <Empty title="Any id will do">Paste the id of a request, run, event or delivery, or a line that has one.</Empty>
      ) : (
        <QueryView query={read}>
          {() =>
            root ? (
              <>
                <LiveBadge state={state} />
                <Tree root={root} asked={id} />
              </>
            ) : null
          }
        </QueryView>
      )}
    </Page>
  );
}

function FindById() {
  const appId = useAppId();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const find = (event: FormEvent): void => {
    event.preventDefault();
    const id = idIn(typed);
    setProblem(id === null ? 'There is no id in it, such as 0199c2d0-8a3b-7c41-9f0e-3b1f5e6a7d90.' : null);
    if (id !== null) void navigate(`/apps/${appId}/timeline/${id}`);
  };
  return (
    <search>
      <form className={styles.find} onSubmit={find}>
        <TextField label="Find by id" isCode value={typed} onChange={setTyped} problem={problem} />
        <Button type="submit">Find</Button>
      </form>
    </search>
  );
}

function Tree({ root, asked }: { root: TimelineNode; asked: string }) {
  const span = spanOf(root);
  return (
    <Section title={`${root.title}, ${duration(span.toMs - span.fromMs)}`}>
      <ul className={styles.tree} aria-label="Causes and effects">
        <Branch node={root} span={span} asked={asked} />
      </ul>
    </Section>
  );
}

const BAD = new Set(['failed', 'timed_out', 'rejected']);
const BUSY = new Set(['pending', 'running', 'waiting', 'queued', 'retry', 'retrying']);
function toneOf(status: string): Tone {
  if (BAD.has(status)) return 'bad';
  if (BUSY.has(status)) return 'info';
  return status === 'succeeded' ? 'good' : 'plain';
}

function Branch({ node, span, asked }: { node: TimelineNode; span: Span; asked: string }) {
  const [isOpen, setOpen] = useState(false);
  const panel = useId();
  const appId = useAppId();
  const bar = barOf(node, span);
  const place = placeOf(node);
  const queueMs = node.detail.queueMs as number | null | undefined;
  return (
    <li>
      <div className={`${styles.node} ${node.id === asked ? styles.asked : ''}`}>
        <div className={styles.head}>
          <Button
            kind="quiet"
            small
            aria-expanded={isOpen}
            aria-controls={panel}
            aria-label={`${isOpen ? 'Close' : 'Open'} ${node.kind} ${node.title}`}
            onPress={() => setOpen(!isOpen)}
          >
            {isOpen ? '▾' : '▸'}
          </Button>
          <span className={styles.kind}>{node.kind}</span>
          <strong>{place ? <Link to={`/apps/${appId}/${place}`}>{node.title}</Link> : node.title}</strong>
          <Badge tone={toneOf(node.status)}>{node.status}</Badge>
          <span className={styles.took}>{node.durationMs === null ? '' : duration(node.durationMs)}</span>
          {queueMs ? <span className={styles.took}>queued {duration(queueMs)}</span> : null}
        </div>
        <div className={styles.track} aria-hidden="true">
          {bar ? <span className={styles.bar} style={{ left: `${bar.start}%`, width: `${bar.width}%` }} /> : null}
        </div>
      </div>
      <div id={panel} className={styles.detail}>
        {isOpen ? (
          <>
            <p>
              <Time at={node.at} /> <code>{node.id}</code>
            </p>
            <Payload label={`Details of ${node.kind} ${node.title}`} value={node.detail} />
          </>
        ) : null}
      </div>
      {node.children.length > 0 ? (
        <ul className={styles.tree}>
          {node.children.map((child) => (
            <Branch key={child.id} node={child} span={span} asked={asked} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}

import { bodyOf, type Schema } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Badge, Section } from '../design/page.tsx';
import { readable, visible } from '../design/payload.rules.ts';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import styles from './history.module.css';

type Item = Schema<'HistoryItem'>;

/** What has a history of its own (RG-03). */
export type HistoryOf =
  | { kind: 'apps' | 'users' | 'tokens' | 'flows' | 'triggers' | 'endpoints'; id: string }
  | { kind: 'secrets' | 'event-types'; id: string };

/** Who changed what and when, newest first; also of what was deleted since. */
export function HistoryList({ of }: { of: HistoryOf }) {
  const api = useApi();
  const appId = useAppId();
  const { query, items } = usePages([appId, 'history', of.kind, of.id], (cursor) => {
    const page = cursor ? { cursor } : {};
    if (of.kind === 'secrets') {
      return bodyOf(api.GET('/v1/secrets/{name}/history', { params: { path: { name: of.id }, query: page } }));
    }
    if (of.kind === 'event-types') {
      return bodyOf(api.GET('/v1/event-types/{name}/history', { params: { path: { name: of.id }, query: page } }));
    }
    return bodyOf(api.GET(`/v1/${of.kind}/{id}/history`, { params: { path: { id: of.id }, query: page } }));
  });
  return (
    <QueryView query={query}>
      {() =>
        items.length === 0 ? (
          <Empty title="Nothing has changed" />
        ) : (
          <>
            {items.map((item) => (
              <Change key={`${item.version} ${item.type} ${item.at}`} item={item} />
            ))}
            {query.hasNextPage ? <Button onPress={() => void query.fetchNextPage()}>Show older changes</Button> : null}
          </>
        )
      }
    </QueryView>
  );
}

function Change({ item }: { item: Item }) {
  const { actor } = item;
  return (
    <Section title={`${item.type} (version ${item.version})`}>
      <p>
        <Time at={item.at} /> by <Badge>{actor.type}</Badge> {actor.name ?? actor.id}
        {actor.address ? ` from ${actor.address}` : ''}
        {actor.tokenId ? ` with token ${actor.tokenId}` : ''}
      </p>
      {item.changes.length > 0 ? (
        <div className={styles.scroll} role="region" aria-label={`Values of version ${item.version}`} tabIndex={0}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Value</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {item.changes.map((change) => (
                <tr key={change.pointer}>
                  <th scope="row">
                    <code>{visible(change.pointer)}</code>
                  </th>
                  <td>
                    <code>{visible(readable(change.before))}</code>
                  </td>
                  <td>
                    <code>{visible(readable(change.after))}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {item.omitted > 0 ? <p>{item.omitted} more values differ.</p> : null}
    </Section>
  );
}

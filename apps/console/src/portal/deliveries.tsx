import { useQuery } from '@tanstack/react-query';
import type { Client } from 'openapi-fetch';
import { bodyOf } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import type { paths } from '../api/generated/schema.ts';
import { cut, readable, SHOWN_CHARACTERS, visible } from '../design/payload.rules.ts';
import { duration, Time } from '../design/time.tsx';
import { Failed } from './failed.tsx';
import type { Attempt, Delivery, Endpoint } from './portal-client.ts';
import { Waiting } from './waiting.tsx';

interface DeliveriesProps {
  api: Client<paths>;
  endpoint: Endpoint;
  mayReplay: boolean;
  doing: (work: () => Promise<string>) => Promise<void>;
}

const TONES: Record<string, string> = { succeeded: 'good', failed: 'bad', discarded: 'warn' };
const LOOK_EVERY_MS = 5_000;

/** The last hundred deliveries, looked for again every five seconds. */
export function Deliveries({ api, endpoint, mayReplay, doing }: DeliveriesProps) {
  const { uuid } = endpoint;
  const { query, items } = usePages(
    ['deliveries', uuid],
    (cursor) =>
      bodyOf(api.GET('/v1/endpoints/{id}/events', { params: { path: { id: uuid }, query: cursor ? { cursor } : {} } })),
    LOOK_EVERY_MS,
  );
  const { error, refetch } = query;
  const params = { path: { id: uuid } };
  const again = async (delivery: Delivery): Promise<string> => {
    await bodyOf(api.POST('/v1/endpoints/{id}/replay', { params, body: { eventIds: [delivery.eventId] } }));
    return 'It is sent again.';
  };
  const failedAgain = async (): Promise<string> => {
    await bodyOf(api.POST('/v1/endpoints/{id}/replay', { params, body: { status: ['failed'] } }));
    return 'What failed is sent again.';
  };
  const failed = <Failed error={error} retry={refetch} />;
  if (!query.data) return error ? failed : <Waiting />;
  if (items.length === 0) return <p className="muted">Nothing was sent yet.</p>;
  return (
    <>
      {failed}
      {mayReplay && items.some(({ status }) => status === 'failed') ? (
        <button type="button" onClick={() => void doing(failedAgain)}>
          Send all that failed again
        </button>
      ) : null}
      <Replays api={api} uuid={uuid} />
      <ul aria-label="Deliveries">
        {items.map((delivery) => (
          <li key={delivery.id}>
            <details>
              <summary>
                <span className="badge" data-tone={TONES[delivery.status] ?? ''}>
                  {delivery.status}
                </span>{' '}
                <span>{visible(delivery.eventType)}</span>{' '}
                <span className="muted">
                  <Time at={delivery.createdAt} />
                </span>
              </summary>
              {mayReplay ? (
                <button type="button" onClick={() => void doing(() => again(delivery))}>
                  Send again
                </button>
              ) : null}
              {delivery.attempts.map((attempt) => (
                <AttemptView key={attempt.number} attempt={attempt} />
              ))}
            </details>
          </li>
        ))}
      </ul>
      {query.hasNextPage ? (
        <button type="button" onClick={() => void query.fetchNextPage()}>
          Show older deliveries
        </button>
      ) : null}
    </>
  );
}

const SHOWN_REPLAYS = 5;

/** How far the latest replays are. */
function Replays({ api, uuid }: { api: Client<paths>; uuid: string }) {
  const params = { path: { id: uuid }, query: { limit: SHOWN_REPLAYS } };
  const { data } = useQuery({
    queryKey: ['replays', uuid],
    queryFn: () => bodyOf(api.GET('/v1/endpoints/{id}/replays', { params })),
    refetchInterval: LOOK_EVERY_MS,
  });
  if (!data || data.items.length === 0) return null;
  return (
    <ul aria-label="Sent again">
      {data.items.map((replay) => (
        <li key={replay.id}>
          Sent again <Time at={replay.createdAt} />: {replay.succeeded} of {replay.planned} arrived, {replay.failed}{' '}
          failed, {replay.pending} on the way
        </li>
      ))}
    </ul>
  );
}

function AttemptView({ attempt }: { attempt: Attempt }) {
  const { number, at, durationMs, request, response, error } = attempt;
  const answered = response ? `answered ${response.status}` : (error?.message ?? 'no answer');
  return (
    <div>
      <p>
        Attempt {number}, <Time at={at} />: {visible(answered)} after {duration(durationMs)}
      </p>
      <Text label={`Request of attempt ${number}`} value={request.body} />
      {response ? <Text label={`Response to attempt ${number}`} value={response.body} /> : null}
    </div>
  );
}

/** Whatever it is, it is shown as text. */
function Text({ label, value }: { label: string; value: unknown }) {
  const { shown, left } = cut(readable(value ?? ''), SHOWN_CHARACTERS);
  if (shown === '') return null;
  return (
    // What scrolls must be reachable by keyboard.
    <pre tabIndex={0} role="region" aria-label={label} dir="ltr">
      {visible(shown)}
      {left > 0 ? `\n… ${left.toLocaleString()} characters more` : ''}
    </pre>
  );
}

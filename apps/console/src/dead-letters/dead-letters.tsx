import { useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { ApiError } from '../api/api-error.ts';
import { bodyOf } from '../api/client.ts';
import type { paths } from '../api/generated/schema.ts';
import { usePages } from '../api/pages.ts';
import { useApi } from '../api/use-api.ts';
import styles from '../deliveries/deliveries.module.css';
import { Button } from '../design/button.tsx';
import { SelectField } from '../design/field.tsx';
import { Badge, Facts, Filters, Page } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';
import { useFilter } from '../design/use-filter.ts';

type DeadLetter = paths['/v1/dead-letters/{id}']['get']['responses'][200]['content']['application/json'];
type Status = 'parked' | 'handled' | 'discarded';
const STATUSES: readonly { value: Status; label: string }[] = [
  { value: 'parked', label: 'Parked: waits for you' },
  { value: 'handled', label: 'Handled' },
  { value: 'discarded', label: 'Discarded' },
];
const KEY = ['dead-letters'];

/** Events that a consumer could not handle, of the whole deployment: why, and trying again. */
export function Component() {
  const api = useApi();
  const [status, setStatus] = useFilter('status', 'parked');
  const list = usePages(
    [...KEY, status],
    (cursor) =>
      bodyOf(
        api.GET('/v1/dead-letters', { params: { query: { status: status as Status, ...(cursor ? { cursor } : {}) } } }),
      ),
    5_000,
  );
  return (
    <Page
      title="Dead letters"
      about="Events that one of the services could not handle. What comes after one of them in its stream waits behind it."
      actions={status === 'parked' ? <RedriveAll letters={list.items} /> : null}
    >
      <Filters>
        <SelectField label="Status" value={status as Status} onChange={setStatus} options={STATUSES} />
      </Filters>
      <QueryView query={list.query}>
        {() =>
          list.items.length === 0 ? (
            <Empty title={status === 'parked' ? 'Nothing waits here' : 'None'}>
              Deliveries that failed are not here: see Deliveries, with the status failed.
            </Empty>
          ) : (
            <ul className={styles.rows} aria-label="Dead letters">
              {list.items.map((letter) => (
                <Letter key={letter.id} letter={letter} />
              ))}
            </ul>
          )
        }
      </QueryView>
      {list.query.hasNextPage ? <Button onPress={list.onEnd}>Show more</Button> : null}
    </Page>
  );
}

/** One after another, and how far it is; what another person has taken meanwhile is passed over. */
function RedriveAll({ letters }: { letters: readonly DeadLetter[] }) {
  const api = useApi();
  const queries = useQueryClient();
  const { tell, warn } = useToasts();
  const [done, setDone] = useState<{ count: number; of: number } | null>(null);
  const redrive = async (): Promise<void> => {
    const ids = letters.map(({ id }) => id);
    for (const [count, id] of ids.entries()) {
      setDone({ count, of: ids.length });
      try {
        await bodyOf(api.POST('/v1/dead-letters/{id}/retry', { params: { path: { id } } }));
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 409) {
          warn(error);
          break;
        }
      }
    }
    setDone(null);
    tell('They are being tried again');
    await queries.invalidateQueries({ queryKey: KEY });
  };
  return (
    <>
      {done ? (
        <progress className={styles.progress} aria-label="Dead letters tried again" max={done.of} value={done.count} />
      ) : null}
      <Button isDisabled={letters.length === 0} isBusy={done !== null} onPress={() => void redrive()}>
        Try all {letters.length} again
      </Button>
    </>
  );
}

function Letter({ letter }: { letter: DeadLetter }) {
  const [isOpen, setOpen] = useState(false);
  const panel = useId();
  return (
    <li>
      <div className={styles.line}>
        <Button
          kind="quiet"
          small
          aria-expanded={isOpen}
          aria-controls={panel}
          aria-label={`${isOpen ? 'Close' : 'Open'} ${letter.type} ${letter.id}`}
          onPress={() => setOpen(!isOpen)}
        >
          {isOpen ? '▾' : '▸'}
        </Button>
        <Badge tone={letter.status === 'parked' ? 'bad' : 'plain'}>{letter.status}</Badge>
        <code>{letter.type}</code>
        <span>{letter.reason}</span>
        <Time at={letter.parkedAt} />
        {letter.status === 'parked' ? <LetterActions letter={letter} /> : null}
      </div>
      <div id={panel}>
        {isOpen ? (
          <>
            <Facts
              facts={[
                ['Consumer', `${letter.group} of the ${letter.service}`],
                ['Topic', letter.topic],
                ['Stream', <code key="stream">{`${letter.streamId}, version ${letter.version}`}</code>],
                ['App', letter.appId ?? 'none'],
                ['Ended', <Time key="ended" at={letter.endedAt} />],
              ]}
            />
            <Payload label="Error" value={letter.error} />
          </>
        ) : null}
      </div>
    </li>
  );
}

function LetterActions({ letter: { id, type } }: { letter: DeadLetter }) {
  const api = useApi();
  const queries = useQueryClient();
  const { tell, warn } = useToasts();
  const params = { params: { path: { id } } };
  const ask = async (asked: Promise<unknown>, told: string): Promise<void> => {
    try {
      await asked;
      tell(told);
      await queries.invalidateQueries({ queryKey: KEY });
    } catch (error) {
      warn(error);
    }
  };
  return (
    <>
      <Button
        small
        aria-label={`Try again: ${type} ${id}`}
        onPress={() => void ask(bodyOf(api.POST('/v1/dead-letters/{id}/retry', params)), 'It is being tried again')}
      >
        Try again
      </Button>
      <Button
        small
        kind="danger"
        aria-label={`Discard: ${type} ${id}`}
        onPress={() => void ask(bodyOf(api.DELETE('/v1/dead-letters/{id}', params)), 'It is being given up')}
      >
        Discard
      </Button>
    </>
  );
}

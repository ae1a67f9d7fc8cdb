import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { TextField } from '../design/field.tsx';
import { Facts, Filters, Page, Section } from '../design/page.tsx';
import { visible } from '../design/payload.rules.ts';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import type { Delivery } from './delivery-types.ts';
import styles from './deliveries.module.css';
import { comparable, diffOf } from './diff.rules.ts';

function useDelivery(id: string) {
  const api = useApi();
  const appId = useAppId();
  return useQuery({
    queryKey: [appId, 'deliveries', 'one', id],
    queryFn: () => bodyOf(api.GET('/v1/deliveries/{id}', { params: { path: { id } } })),
    enabled: id !== '',
  });
}

const sentBy = (delivery: Delivery): string => comparable(delivery.attempts.at(-1)?.request.body ?? '');

/** What two deliveries sent, as a difference; both ids are in the address. */
export function Component() {
  const appId = useAppId();
  const [a, setA] = useFilter('a');
  const [b, setB] = useFilter('b');
  const [first, second] = [useDelivery(a), useDelivery(b)];
  return (
    <Page
      title="Compare deliveries"
      about="The bodies that were sent last, by value."
      parent={{ label: 'Deliveries', to: `/apps/${appId}/deliveries` }}
    >
      <Filters>
        <TextField label="First delivery (id)" isCode value={a} onChange={setA} />
        <TextField label="Second delivery (id)" isCode value={b} onChange={setB} />
      </Filters>
      {a === '' || b === '' ? (
        <Empty title="Choose two deliveries">Select two in the list, or give their ids.</Empty>
      ) : (
        <QueryView query={first}>
          {(mine) => <QueryView query={second}>{(theirs) => <Difference first={mine} second={theirs} />}</QueryView>}
        </QueryView>
      )}
    </Page>
  );
}

function Difference({ first, second }: { first: Delivery; second: Delivery }) {
  const appId = useAppId();
  const lines = useMemo(() => diffOf(sentBy(first), sentBy(second)), [first, second]);
  const isSame = lines.every(({ kind }) => kind === 'same');
  const facts = [first, second].map((delivery, index) => {
    const link = <Link to={`/apps/${appId}/deliveries/${delivery.id}`}>{delivery.eventType}</Link>;
    return [
      index === 0 ? 'First (−)' : 'Second (+)',
      <span key={delivery.id}>
        {link}, <Time at={delivery.createdAt} />
      </span>,
    ] as const;
  });
  return (
    <Section title="What was sent">
      <Facts facts={facts} />
      {isSame ? <p>Both sent the same.</p> : null}
      <pre className={styles.diff} tabIndex={0} role="region" aria-label="Difference" dir="ltr">
        {lines.map(({ kind, text }, index) => {
          const key = `${index}`;
          if (kind === 'removed') return <del key={key}>{`− ${visible(text)}`}</del>;
          if (kind === 'added') return <ins key={key}>{`+ ${visible(text)}`}</ins>;
          return <span key={key}>{`  ${visible(text)}`}</span>;
        })}
      </pre>
    </Section>
  );
}

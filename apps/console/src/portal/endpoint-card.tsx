import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { Client } from 'openapi-fetch';
import type { paths } from '../api/generated/schema.ts';
import { visible } from '../design/payload.rules.ts';
import { useIsSlow } from '../design/use-is-slow.ts';
import { Deliveries } from './deliveries.tsx';
import { Manage } from './manage.tsx';
import type { Endpoint, PortalView } from './portal-client.ts';
import { wordsOf } from './words.ts';

interface CardProps {
  api: Client<paths>;
  endpoint: Endpoint;
  permissions: PortalView['permissions'];
  /** Events that it may be made to get besides those that it gets. */
  allowed: readonly string[];
}

function stateOf({ enabled, delivery }: Endpoint): { text: string; tone: string } {
  if (!enabled) return { text: 'Off', tone: 'warn' };
  if (delivery?.paused) return { text: 'Paused', tone: 'warn' };
  if (delivery?.failingSince) return { text: 'Failing', tone: 'bad' };
  return { text: 'On', tone: 'good' };
}

/** One endpoint: where it is, what the link permits to change of it, and what was sent to it. */
export function EndpointCard({ api, endpoint, permissions, allowed }: CardProps) {
  const queries = useQueryClient();
  const [told, setTold] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const isSlow = useIsSlow(isBusy);
  const { text, tone } = stateOf(endpoint);
  const name = visible(endpoint.name);

  /** Does it, says what came of it, and reads the endpoint again. */
  const doing = async (work: () => Promise<string>): Promise<void> => {
    setBusy(true);
    setProblem('');
    setTold('');
    try {
      setTold(await work());
      await queries.invalidateQueries({ queryKey: ['portal'] });
      await queries.invalidateQueries({ queryKey: ['replays', endpoint.uuid] });
    } catch (error) {
      setProblem(wordsOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="card" aria-label={name}>
      <div className="row spread">
        <h2>{name}</h2>
        <span className="badge" data-tone={tone}>
          {text}
        </span>
      </div>
      <p className="muted">{visible(endpoint.url)}</p>
      <p className="muted">Gets {endpoint.events.map(visible).join(', ')}</p>
      {permissions.includes('manage') ? <Manage {...{ api, endpoint, allowed, isBusy, doing }} /> : null}
      {problem ? <div role="alert">{problem}</div> : null}
      <div role="status">{isSlow ? 'The server takes longer than usual, still waiting …' : told}</div>
      <Deliveries api={api} endpoint={endpoint} mayReplay={permissions.includes('replay')} doing={doing} />
    </section>
  );
}

import { type FormEvent, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { Client } from 'openapi-fetch';
import { bodyOf } from '../api/client.ts';
import type { paths } from '../api/generated/schema.ts';
import { visible } from '../design/payload.rules.ts';
import { Deliveries } from './deliveries.tsx';
import type { Endpoint, PortalView } from './portal-client.ts';
import { wordsOf } from './words.ts';

interface CardProps {
  api: Client<paths>;
  endpoint: Endpoint;
  permissions: PortalView['permissions'];
}

function stateOf({ enabled, delivery }: Endpoint): { text: string; tone: string } {
  if (!enabled) return { text: 'Off', tone: 'warn' };
  if (delivery?.paused) return { text: 'Paused', tone: 'warn' };
  if (delivery?.failingSince) return { text: 'Failing', tone: 'bad' };
  return { text: 'On', tone: 'good' };
}

/** One endpoint: where it is, what the link permits to change of it, and what was sent to it. */
export function EndpointCard({ api, endpoint, permissions }: CardProps) {
  const queries = useQueryClient();
  const [told, setTold] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
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
      {permissions.includes('manage') ? <Manage api={api} endpoint={endpoint} isBusy={isBusy} doing={doing} /> : null}
      {problem ? <div role="alert">{problem}</div> : null}
      <div role="status">{told}</div>
      <Deliveries api={api} endpoint={endpoint} mayReplay={permissions.includes('replay')} doing={doing} />
    </section>
  );
}

interface ManageProps extends Pick<CardProps, 'api' | 'endpoint'> {
  isBusy: boolean;
  doing: (work: () => Promise<string>) => Promise<void>;
}

function Manage({ api, endpoint, isBusy, doing }: ManageProps) {
  const params = { params: { path: { id: endpoint.uuid } } };
  const [url, setUrl] = useState(endpoint.url);
  const save = (event: FormEvent): void => {
    event.preventDefault();
    void doing(async () => {
      await bodyOf(api.PATCH('/v1/endpoints/{id}', { ...params, body: { url } }));
      return 'Saved.';
    });
  };
  const isPaused = endpoint.delivery?.paused !== null && endpoint.delivery?.paused !== undefined;
  const pause = async (): Promise<string> => {
    if (isPaused) await bodyOf(api.POST('/v1/endpoints/{id}/resume', params));
    else await bodyOf(api.POST('/v1/endpoints/{id}/pause', params));
    return isPaused ? 'What waited goes out now.' : 'Nothing is sent; what is for it is kept.';
  };
  const turn = async (): Promise<string> => {
    if (endpoint.enabled) await bodyOf(api.POST('/v1/endpoints/{id}/disable', params));
    else await bodyOf(api.POST('/v1/endpoints/{id}/enable', params));
    return endpoint.enabled ? 'It is off: nothing is kept for it.' : 'It is on.';
  };
  const rotate = async (): Promise<string> => {
    const { newSecret } = await bodyOf(api.POST('/v1/endpoints/{id}/secret/rotate', { ...params, body: {} }));
    return `The new secret, shown only now: ${newSecret} The one before signs as well for a day.`;
  };
  return (
    <>
      <form onSubmit={save}>
        <label>
          Address
          <input type="url" required value={url} onChange={(event) => setUrl(event.target.value)} />
        </label>
        <div className="row">
          <button type="submit" disabled={isBusy || url === endpoint.url}>
            Save
          </button>
          <button type="button" disabled={isBusy} onClick={() => void doing(pause)}>
            {isPaused ? 'Resume' : 'Pause'}
          </button>
          <button type="button" disabled={isBusy} onClick={() => void doing(turn)}>
            {endpoint.enabled ? 'Turn off' : 'Turn on'}
          </button>
          <button type="button" disabled={isBusy} onClick={() => void doing(rotate)}>
            New secret
          </button>
        </div>
      </form>
    </>
  );
}

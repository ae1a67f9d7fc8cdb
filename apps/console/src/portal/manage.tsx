import { type FormEvent, useState } from 'react';
import type { Client } from 'openapi-fetch';
import { bodyOf } from '../api/client.ts';
import type { paths } from '../api/generated/schema.ts';
import { visible } from '../design/payload.rules.ts';
import { type Draft, draftOf, isSame, wishOf } from './manage.rules.ts';
import type { Endpoint } from './portal-client.ts';

interface ManageProps {
  api: Client<paths>;
  endpoint: Endpoint;
  /** Events that it may be made to get besides those that it gets. */
  allowed: readonly string[];
  isBusy: boolean;
  /** Does it and shows what it says. */
  doing: (work: () => Promise<string>) => Promise<void>;
}

/** What the link's holder changes of an endpoint; the API refuses what is not the holder's to change. */
export function Manage(props: ManageProps) {
  const { api, endpoint, isBusy, doing } = props;
  const params = { params: { path: { id: endpoint.uuid } } };
  const saved = draftOf(endpoint);
  // Only what was typed: pausing it, or somebody else, may change the endpoint meanwhile.
  const [typed, setTyped] = useState<Partial<Draft>>({});
  const draft = { ...saved, ...typed };
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    let isSaved = false;
    await doing(async () => {
      await bodyOf(api.PATCH('/v1/endpoints/{id}', { ...params, body: wishOf(draft, saved) }));
      isSaved = true;
      return 'Saved.';
    });
    if (isSaved) setTyped((now) => (now === typed ? {} : now));
  };
  const test = async (): Promise<string> => {
    const { url, headers } = wishOf(draft, saved);
    const body = { ...(url === undefined ? {} : { url }), ...(headers === undefined ? {} : { headers }) };
    const { ok, hint } = await bodyOf(api.POST('/v1/endpoints/{id}/test', { ...params, body: body as never }));
    return `${ok ? 'The sample was taken.' : 'The sample was not taken.'} ${visible(hint)}`;
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <Fields
        draft={draft}
        change={(more) => setTyped((now) => ({ ...now, ...more }))}
        choices={[...new Set([...endpoint.events, ...props.allowed])]}
      />
      <div className="row">
        <button type="submit" disabled={isBusy || isSame(draft, saved)}>
          Save
        </button>
        <button type="button" disabled={isBusy} onClick={() => void doing(test)}>
          Test
        </button>
        <Switches {...props} />
      </div>
    </form>
  );
}

interface FieldsProps {
  draft: Draft;
  change: (more: Partial<Draft>) => void;
  choices: readonly string[];
}

function Fields({ draft, change, choices }: FieldsProps) {
  return (
    <>
      <label>
        Name
        <input required value={draft.name} onChange={(event) => change({ name: event.target.value })} />
      </label>
      <label>
        Address
        <input type="url" required value={draft.url} onChange={(event) => change({ url: event.target.value })} />
      </label>
      <label>
        Events, one a line (of {choices.map(visible).join(', ')})
        <textarea rows={3} value={draft.events} onChange={(event) => change({ events: event.target.value })} />
      </label>
      <label>
        Headers, “Name: value”, one a line (stars keep the value that is stored)
        <textarea rows={2} value={draft.headers} onChange={(event) => change({ headers: event.target.value })} />
      </label>
    </>
  );
}

function Switches({ api, endpoint, isBusy, doing }: ManageProps) {
  const params = { params: { path: { id: endpoint.uuid } } };
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
      <button type="button" disabled={isBusy} onClick={() => void doing(pause)}>
        {isPaused ? 'Resume' : 'Pause'}
      </button>
      <button type="button" disabled={isBusy} onClick={() => void doing(turn)}>
        {endpoint.enabled ? 'Turn off' : 'Turn on'}
      </button>
      <button type="button" disabled={isBusy} onClick={() => void doing(rotate)}>
        New secret
      </button>
    </>
  );
}

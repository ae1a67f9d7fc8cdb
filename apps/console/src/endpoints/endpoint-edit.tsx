import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { ApiError } from '../api/api-error.ts';
import { bodyAndTagOf, bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { FormActions } from '../design/form.tsx';
import { Page } from '../design/page.tsx';
import { QueryView } from '../design/states.tsx';
import { useToasts } from '../design/toasts.tsx';
import { DiffView } from '../flows/diff-view.tsx';
import { bodyOfDraft, draftOf, type EndpointDraft, type EndpointView, linesOfDraft } from './endpoint-draft.rules.ts';
import { EndpointForm } from './endpoint-form.tsx';

/** Changing an endpoint: with If-Match, so that nobody overwrites unseen what somebody else has just saved. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const { id = '' } = useParams();
  const read = useQuery({
    queryKey: [appId, 'endpoints', id, 'to-edit'],
    queryFn: () => bodyAndTagOf(api.GET('/v1/endpoints/{id}', { params: { path: { id } } })),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  return (
    <Page title="Change webhook" parent={{ label: 'Webhook', to: `/apps/${appId}/endpoints/${id}` }}>
      <QueryView query={read}>{(saved) => <Editor saved={saved} />}</QueryView>
    </Page>
  );
}

interface Saved {
  body: EndpointView;
  etag: string | null;
}

function useSave(saved: Saved) {
  const api = useApi();
  const appId = useAppId();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const [theirs, setTheirs] = useState<Saved | null>(null);
  const id = String(saved.body.id);
  const params = { path: { id } };
  const save = useMutation({
    mutationFn: async ({ draft, onto }: { draft: EndpointDraft; onto: Saved }) => {
      const body = bodyOfDraft(draft, false) as never;
      const headers = onto.etag === null ? {} : { 'if-match': onto.etag };
      try {
        return await bodyOf(api.PATCH('/v1/endpoints/{id}', { params, body, headers }));
      } catch (error) {
        const isStale = error instanceof ApiError && error.status === 412;
        if (isStale) setTheirs(await bodyAndTagOf(api.GET('/v1/endpoints/{id}', { params })));
        throw error;
      }
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [appId, 'endpoints'] });
      tell('Saved');
      void navigate(`/apps/${appId}/endpoints/${id}`);
    },
  });
  return { save, theirs, setTheirs };
}

function Editor({ saved: opened }: { saved: Saved }) {
  const [saved, setSaved] = useState(opened);
  const { save, theirs, setTheirs } = useSave(saved);
  const takeTheirs = (other: Saved): void => {
    setSaved(other);
    setTheirs(null);
    save.reset();
  };
  const conflict = (draft: EndpointDraft) =>
    theirs ? (
      <div>
        <p>
          Somebody else has changed it meanwhile. What you typed stays. Lines with − are theirs alone, lines with + are
          yours alone; secrets are not compared.
        </p>
        <DiffView from={linesOfDraft(draftOf(theirs.body))} to={linesOfDraft(draft)} label="Theirs against yours" />
        <FormActions>
          <Button onPress={() => takeTheirs(theirs)}>Take their version for what I did not change</Button>
          <Button isBusy={save.isPending} onPress={() => save.mutate({ draft, onto: theirs })}>
            Save mine over theirs
          </Button>
        </FormActions>
      </div>
    ) : null;
  return (
    <EndpointForm
      initial={draftOf(saved.body)}
      savedId={saved.body.id}
      onSave={(draft) => save.mutate({ draft, onto: saved })}
      error={save.error}
      isBusy={save.isPending}
      note={conflict}
    />
  );
}

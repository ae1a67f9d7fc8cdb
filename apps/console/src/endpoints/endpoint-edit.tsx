import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from 'react-router';
import { ApiError } from '../api/api-error.ts';
import { bodyAndTagOf, bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Page } from '../design/page.tsx';
import { QueryView } from '../design/states.tsx';
import { useToasts } from '../design/toasts.tsx';
import { bodyOfDraft, draftOf, type EndpointDraft, type EndpointView } from './endpoint-draft.rules.ts';
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
    refetchOnWindowFocus: false,
  });
  return (
    <Page title="Change webhook" parent={{ label: 'Webhook', to: `/apps/${appId}/endpoints/${id}` }}>
      <QueryView query={read}>
        {({ body, etag }) => <Editor endpoint={body} etag={etag} onReload={read.refetch} />}
      </QueryView>
    </Page>
  );
}

interface EditorProps {
  endpoint: EndpointView;
  etag: string | null;
  onReload: () => unknown;
}

function Editor({ endpoint, etag, onReload }: EditorProps) {
  const api = useApi();
  const appId = useAppId();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const id = String(endpoint.id);
  const save = useMutation({
    mutationFn: (draft: EndpointDraft) => {
      const body = bodyOfDraft(draft, false) as never;
      const headers = etag === null ? {} : { 'if-match': etag };
      return bodyOf(api.PATCH('/v1/endpoints/{id}', { params: { path: { id } }, body, headers }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [appId, 'endpoints'] });
      tell('Saved');
      void navigate(`/apps/${appId}/endpoints/${id}`);
    },
  });
  const isConflict = save.error instanceof ApiError && save.error.status === 412;
  return (
    <EndpointForm
      initial={draftOf(endpoint)}
      savedId={endpoint.id}
      onSave={save.mutate}
      error={save.error}
      isBusy={save.isPending}
      note={
        isConflict ? (
          <p>
            Somebody else has changed it meanwhile. What you typed stays; the other fields become theirs.{' '}
            <Button
              small
              onPress={() => {
                save.reset();
                void onReload();
              }}
            >
              Take their version for what I did not change
            </Button>
          </p>
        ) : null
      }
    />
  );
}

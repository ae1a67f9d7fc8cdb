import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { ApiError } from '../api/api-error.ts';
import { bodyAndTagOf, bodyOf, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Page } from '../design/page.tsx';
import { QueryView } from '../design/states.tsx';
import { useToasts } from '../design/toasts.tsx';
import { DiffView } from '../flows/diff-view.tsx';
import { type EventTypeDraft, EventTypeForm, schemaOf } from './event-type-form.tsx';

type EventType = Schema<'EventTypeView'>;

interface Saved {
  body: EventType;
  etag: string | null;
}

const draftOf = ({ name, description, schema, validate }: EventType): EventTypeDraft => ({
  name,
  description,
  schema: schema === null ? '' : JSON.stringify(schema, null, 2),
  validate,
});
const textOf = ({ description, schema, validate }: EventTypeDraft): string =>
  `description: ${description}\nrefuse other data: ${validate ? 'yes' : 'no'}\n${schema}\n`;

/** RG-05: changing an event type; a new schema is a new version of it. With If-Match, so that nobody overwrites unseen. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const { name = '' } = useParams();
  const read = useQuery({
    queryKey: [appId, 'event-type-to-edit', name],
    queryFn: () => bodyAndTagOf(api.GET('/v1/event-types/{name}', { params: { path: { name } } })),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  const parent = { label: name, to: `/apps/${appId}/event-types/${encodeURIComponent(name)}` };
  return (
    <Page title="Change event type" parent={parent}>
      <QueryView query={read}>{(saved) => <Editor saved={saved} />}</QueryView>
    </Page>
  );
}

function Editor({ saved }: { saved: Saved }) {
  const api = useApi();
  const appId = useAppId();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const [theirs, setTheirs] = useState<Saved | null>(null);
  const params = { path: { name: saved.body.name } };
  const save = useMutation({
    mutationFn: async ({ draft, onto }: { draft: EventTypeDraft; onto: Saved }) => {
      const body = { description: draft.description, schema: schemaOf(draft.schema), validate: draft.validate };
      const headers = onto.etag === null ? {} : { 'if-match': onto.etag };
      try {
        return await bodyOf(api.PATCH('/v1/event-types/{name}', { params, body: body as never, headers }));
      } catch (error) {
        const isStale = error instanceof ApiError && error.status === 412;
        if (isStale) setTheirs(await bodyAndTagOf(api.GET('/v1/event-types/{name}', { params })));
        throw error;
      }
    },
    onSuccess: async ({ version }) => {
      // The form of a test event begins with the sample: it must not begin with that of the schema before.
      queries.removeQueries({ queryKey: [appId, 'event-types', 'sample', saved.body.name] });
      await queries.invalidateQueries({ queryKey: [appId, 'event-types'] });
      tell(`Saved: version ${version}`);
      void navigate(`/apps/${appId}/event-types/${encodeURIComponent(saved.body.name)}`);
    },
  });
  const conflict = (draft: EventTypeDraft) =>
    theirs ? (
      <div>
        <p>
          Somebody else has changed it meanwhile. What you typed stays. Lines with − are theirs alone, lines with + are
          yours alone.
        </p>
        <DiffView from={textOf(draftOf(theirs.body))} to={textOf(draft)} label="Theirs against yours" />
        <Button onPress={() => save.mutate({ draft, onto: theirs })}>Save mine over theirs</Button>
      </div>
    ) : null;
  return (
    <EventTypeForm
      isNew={false}
      initial={draftOf(saved.body)}
      error={save.error}
      isBusy={save.isPending}
      onSave={(draft) => save.mutate({ draft, onto: saved })}
      note={conflict}
    />
  );
}

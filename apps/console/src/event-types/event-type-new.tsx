import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Page } from '../design/page.tsx';
import { type EventTypeDraft, EventTypeForm, schemaOf } from './event-type-form.tsx';

const NOTHING: EventTypeDraft = { name: '', description: '', schema: '', validate: false };

/** RG-05: a type of one's own, with or without a schema. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: async ({ schema, ...rest }: EventTypeDraft) =>
      bodyOf(api.POST('/v1/event-types', { body: { ...rest, schema: schemaOf(schema) } as never })),
    onSuccess: async (_saved, { name }) => {
      await queries.invalidateQueries({ queryKey: [appId, 'event-types'] });
      void navigate(`/apps/${appId}/event-types/${encodeURIComponent(name)}`);
    },
  });
  return (
    <Page title="Add event type" parent={{ label: 'Event types', to: `/apps/${appId}/event-types` }}>
      <EventTypeForm isNew initial={NOTHING} error={save.error} isBusy={save.isPending} onSave={save.mutate} />
    </Page>
  );
}

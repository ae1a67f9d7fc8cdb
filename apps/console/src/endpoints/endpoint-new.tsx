import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { RadioCards } from '../design/field.tsx';
import { Page } from '../design/page.tsx';
import { useToasts } from '../design/toasts.tsx';
import { useFilter } from '../design/use-filter.ts';
import {
  bodyOfDraft,
  ENDPOINT_TYPES,
  type EndpointDraft,
  emptyDraft,
  type EndpointType,
} from './endpoint-draft.rules.ts';
import { EndpointForm } from './endpoint-form.tsx';

/** LU-01: choose the type, fill in, test, save. The type is in the address; what was typed stays when it changes. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const [chosen, choose] = useFilter('type', 'event');
  const type = ENDPOINT_TYPES.some(({ value }) => value === chosen) ? (chosen as EndpointType) : 'event';
  const save = useMutation({
    mutationFn: (draft: EndpointDraft) =>
      bodyOf(api.POST('/v1/endpoints', { body: bodyOfDraft(draft, true) as never })),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: [appId, 'endpoints'] });
      tell(`${made.name} was saved`);
      void navigate(`/apps/${appId}/endpoints/${made.id}`);
    },
  });
  return (
    <Page title="Add webhook" parent={{ label: 'Outbound webhooks', to: `/apps/${appId}/endpoints` }}>
      <EndpointForm
        initial={emptyDraft(type)}
        savedId={null}
        onSave={save.mutate}
        error={save.error}
        isBusy={save.isPending}
      >
        <RadioCards label="Type" pointer="/kind" value={type} onChange={choose} options={ENDPOINT_TYPES} />
      </EndpointForm>
    </Page>
  );
}

import { useMutation, useQuery } from '@tanstack/react-query';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { FormError } from '../design/form.tsx';
import { Command } from '../design/payload.tsx';
import { QueryView } from '../design/states.tsx';

/** URL, token and curl of a trigger of profile `flow`; each reading stands in the trigger's history (LC-03). */
export function UrlAndToken({ triggerId }: { triggerId: string }) {
  const api = useApi();
  const read = useMutation({
    mutationFn: () => bodyOf(api.GET('/v1/triggers/{id}/token', { params: { path: { id: triggerId } } })),
  });
  if (!read.data) {
    return (
      <>
        <FormError error={read.error} />
        <div>
          <Button isBusy={read.isPending} onPress={() => read.mutate()}>
            Show URL and token
          </Button>
          <p>That you have looked is written into the history.</p>
        </div>
      </>
    );
  }
  const { url, token, instructions } = read.data;
  return (
    <>
      <Command label="URL" text={url} />
      <Command label="Token" text={token} />
      {instructions.curl ? <Command label="Try it" text={instructions.curl} /> : null}
    </>
  );
}

/** The same for a flow's "Edit settings" box: its trigger of profile `flow`, as far as it has one (LC-03, LC-16). */
export function FlowUrlAndToken({ flowId }: { flowId: string }) {
  const api = useApi();
  const appId = useAppId();
  const triggers = useQuery({
    queryKey: [appId, 'triggers', { flowId, all: true }],
    queryFn: async () => (await bodyOf(api.GET('/v1/triggers', { params: { query: { flowId, limit: 200 } } }))).items,
  });
  return (
    <QueryView query={triggers}>
      {(all) => {
        const own = all.find((trigger) => trigger.profile === 'flow');
        return own ? <UrlAndToken triggerId={own.id} /> : <p>This flow has no webhook of profile “flow”.</p>;
      }}
    </QueryView>
  );
}

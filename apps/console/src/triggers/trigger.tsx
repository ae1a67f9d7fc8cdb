import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Outlet, useNavigate, useOutletContext, useParams } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { ConfirmDialog } from '../design/dialog.tsx';
import { Badge, Page, Tabs } from '../design/page.tsx';
import { QueryView } from '../design/states.tsx';
import { useToasts } from '../design/toasts.tsx';
import { may, useUser } from '../session/session.ts';
import { type Trigger, useChangeTrigger, useTrigger } from './trigger-queries.ts';

interface Loaded {
  trigger: Trigger;
  etag: string | null;
}

/** The trigger of the address, in the screens below it. */
export const useLoadedTrigger = (): Loaded => useOutletContext<Loaded>();

/** One webhook: its parts have addresses of their own. */
export function Component() {
  const { triggerId = '' } = useParams();
  const query = useTrigger(triggerId);
  return <QueryView query={query}>{({ body, etag }) => <Loaded trigger={body} etag={etag} />}</QueryView>;
}

function Loaded({ trigger, etag }: Loaded) {
  const appId = useAppId();
  const base = `/apps/${appId}/triggers/${trigger.id}`;
  const isEditor = may(useUser(), 'editor', appId);
  const tabs = [
    { label: 'Details', to: base },
    { label: 'Requests', to: `${base}/requests` },
    { label: 'Capture', to: `${base}/capture` },
    ...(isEditor ? [{ label: 'Settings', to: `${base}/settings` }] : []),
    { label: 'History', to: `${base}/history` },
  ];
  return (
    <Page
      title={trigger.name}
      parent={{ label: 'Inbound webhooks', to: `/apps/${appId}/triggers` }}
      about={trigger.enabled ? <Badge tone="good">on</Badge> : <Badge tone="warn">off: callers get 404</Badge>}
      actions={isEditor ? <Actions trigger={trigger} /> : null}
    >
      <Tabs label="Parts of the webhook" tabs={tabs} />
      <Outlet context={{ trigger, etag } satisfies Loaded} />
    </Page>
  );
}

function Actions({ trigger }: { trigger: Trigger }) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { tell, warn } = useToasts();
  const [isAsking, setAsking] = useState(false);
  const change = useChangeTrigger(trigger.id);
  const remove = useMutation({
    mutationFn: () => bodyOf(api.DELETE('/v1/triggers/{id}', { params: { path: { id: trigger.id } } })),
  });
  const toggle = (): void =>
    change.mutate(
      { body: { enabled: !trigger.enabled }, etag: null },
      {
        onSuccess: ({ body: { enabled } }) => tell(enabled ? 'The webhook is on.' : 'The webhook is off.'),
        onError: warn,
      },
    );
  const leave = async (): Promise<void> => {
    await remove.mutateAsync();
    void navigate(`/apps/${appId}/triggers`);
    await queries.invalidateQueries({ queryKey: [appId, 'triggers'] });
  };
  return (
    <>
      <Button isBusy={change.isPending} onPress={toggle}>
        {trigger.enabled ? 'Turn off' : 'Turn on'}
      </Button>
      <Button kind="danger" onPress={() => setAsking(true)}>
        Delete
      </Button>
      <ConfirmDialog
        title={`Delete ${trigger.name}?`}
        action="Delete"
        isDanger
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={leave}
      >
        Its URL and its tokens stop working at once, for good. Runs that it started stay.
      </ConfirmDialog>
    </>
  );
}

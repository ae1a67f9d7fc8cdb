import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button, LinkButton } from '../design/button.tsx';
import { ConfirmDialog } from '../design/dialog.tsx';
import { Badge, Facts, Page, Section } from '../design/page.tsx';
import { QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';
import { may, useUser } from '../session/session.ts';
import { type EndpointView, labelOfType, typeOf } from './endpoint-draft.rules.ts';
import { RotateSecret } from './rotate-secret.tsx';
import { ViewEvents } from './view-events.tsx';

/** One outbound webhook: how it fares, what was sent, and what can be done about it. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const { id = '' } = useParams();
  const read = useQuery({
    queryKey: [appId, 'endpoints', id],
    queryFn: () => bodyOf(api.GET('/v1/endpoints/{id}', { params: { path: { id } } })),
  });
  return (
    <Page
      title={read.data?.name ?? 'Webhook'}
      about={read.data?.description}
      parent={{ label: 'Outbound webhooks', to: `/apps/${appId}/endpoints` }}
      actions={read.data ? <Actions endpoint={read.data} /> : null}
    >
      <QueryView query={read}>{(endpoint) => <Health endpoint={endpoint} />}</QueryView>
      <ViewEvents id={id} />
      <QueryView query={read}>{(endpoint) => <Settings endpoint={endpoint} />}</QueryView>
    </Page>
  );
}

type Control = 'pause' | 'resume' | 'enable' | 'disable';
const DONE: Record<Control, string> = {
  pause: 'Paused: what comes is kept',
  resume: 'Resumed: what waited is sent',
  enable: 'Enabled',
  disable: 'Disabled: what waited was discarded',
};

function useControl(id: string) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const { tell, warn } = useToasts();
  const params = { params: { path: { id } } };
  return useMutation({
    mutationFn: async (control: Control) => {
      if (control === 'pause') await bodyOf(api.POST('/v1/endpoints/{id}/pause', params));
      else if (control === 'resume') await bodyOf(api.POST('/v1/endpoints/{id}/resume', params));
      else if (control === 'enable') await bodyOf(api.POST('/v1/endpoints/{id}/enable', params));
      else await bodyOf(api.POST('/v1/endpoints/{id}/disable', params));
      return control;
    },
    onSuccess: async (control) => {
      await queries.invalidateQueries({ queryKey: [appId, 'endpoints'] });
      tell(DONE[control]);
    },
    onError: warn,
  });
}

function Actions({ endpoint }: { endpoint: EndpointView }) {
  const appId = useAppId();
  const user = useUser();
  const id = String(endpoint.id);
  const control = useControl(id);
  const [asks, setAsks] = useState<'disable' | 'delete' | 'rotate' | null>(null);
  const close = (): void => setAsks(null);
  const isPaused = Boolean(endpoint.delivery?.paused ?? endpoint.delivery?.holdUntil);
  const isAdministrator = may(user, 'administrator', appId);
  const isEvent = endpoint.kind === 'event';
  return (
    <>
      {may(user, 'operator', appId) && isEvent ? (
        <Button isBusy={control.isPending} onPress={() => control.mutate(isPaused ? 'resume' : 'pause')}>
          {isPaused ? 'Resume' : 'Pause'}
        </Button>
      ) : null}
      {may(user, 'operator', appId) && isEvent ? (
        <LinkButton to={`/apps/${appId}/replays/new?endpointId=${id}`}>Replay …</LinkButton>
      ) : null}
      {isAdministrator ? (
        <>
          <Button onPress={() => (endpoint.enabled ? setAsks('disable') : control.mutate('enable'))}>
            {endpoint.enabled ? 'Disable' : 'Enable'}
          </Button>
          <Button onPress={() => setAsks('rotate')}>Rotate secret</Button>
          <LinkButton to="edit">Change</LinkButton>
          <Button kind="danger" onPress={() => setAsks('delete')}>
            Delete
          </Button>
        </>
      ) : null}
      <RotateSecret id={id} isOpen={asks === 'rotate'} onClose={close} />
      <ConfirmDialog
        title="Disable this webhook?"
        action="Disable"
        isDanger
        isOpen={asks === 'disable'}
        onClose={close}
        onConfirm={() => control.mutateAsync('disable')}
      >
        What waits for it is discarded, and events that come are not kept. Pausing keeps them.
      </ConfirmDialog>
      <DeleteEndpoint endpoint={endpoint} isOpen={asks === 'delete'} onClose={close} />
    </>
  );
}

interface DeleteProps {
  endpoint: EndpointView;
  isOpen: boolean;
  onClose: () => void;
}

function DeleteEndpoint({ endpoint, isOpen, onClose }: DeleteProps) {
  const api = useApi();
  const appId = useAppId();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = async (): Promise<void> => {
    await bodyOf(api.DELETE('/v1/endpoints/{id}', { params: { path: { id: String(endpoint.id) } } }));
    void navigate(`/apps/${appId}/endpoints`);
    await queries.invalidateQueries({ queryKey: [appId, 'endpoints'] });
  };
  return (
    <ConfirmDialog
      title={`Delete ${endpoint.name}?`}
      action="Delete"
      isDanger
      isOpen={isOpen}
      onClose={onClose}
      onConfirm={remove}
    >
      What waits for it is discarded. Its log stays.
    </ConfirmDialog>
  );
}

function Health({ endpoint }: { endpoint: EndpointView }) {
  const { paused, holdUntil, failingSince } = endpoint.delivery ?? {};
  const state = endpoint.enabled ? <Badge tone="good">enabled</Badge> : <Badge>disabled</Badge>;
  return (
    <Section title="Health">
      <Facts
        facts={[
          [
            'State',
            paused ? (
              <Badge key="state" tone="warn">
                paused
              </Badge>
            ) : (
              state
            ),
          ],
          ...(paused ? [['Why', `${paused.detail} (${paused.reason})`] as const] : []),
          ...(paused ? [['Paused since', <Time key="paused-since" at={paused.at} />] as const] : []),
          ...(holdUntil
            ? [['Asked to be left alone until', <Time key="asked-to-be-left-alone-until" at={holdUntil} />] as const]
            : []),
          ['Nothing but failure since', failingSince ? <Time key="failing" at={failingSince} /> : 'not failing'],
        ]}
      />
    </Section>
  );
}

function Settings({ endpoint }: { endpoint: EndpointView }) {
  const type = typeOf(endpoint);
  const texts: readonly (readonly [string, string | number | null])[] = [
    ['Type', labelOfType(type)],
    ['URL', endpoint.url],
    ['Method', endpoint.method],
    ['Custom headers', endpoint.headers.map(({ key }) => key).join(', ') || 'none'],
    ['Secret', endpoint.secret === null ? 'none: nothing is signed' : 'set'],
    ['Public key (v1a)', endpoint.publicKey],
    ['User', endpoint.basicUser],
  ];
  const ofEvents: readonly (readonly [string, string | number | null])[] = [
    ['Events', endpoint.events.includes('*') ? 'all' : endpoint.events.join(', ')],
    ['Format', `${endpoint.format}, ${endpoint.contentType}`],
    ['Includes the entity', endpoint.includeEntity ? 'yes' : 'no'],
    ['Filter', endpoint.filter],
    ['Transformation', endpoint.transform],
    ['Retry schedule', (endpoint.retry.schedule ?? []).join(', ')],
    ['Requests a second', endpoint.rateLimit],
    ['Requests at a time', endpoint.concurrency],
    ['Order', endpoint.ordering],
  ];
  const shown = [...texts, ...(type === 'event' ? ofEvents : [])].filter(([, value]) => value !== null);
  return (
    <Section title="Settings">
      <Facts facts={shown.map(([name, value]) => [name, <span key={name}>{value}</span>] as const)} />
      {endpoint.previousSecrets.map(({ until }) => (
        <p key={until}>
          An earlier secret signs as well until <Time at={until} />.
        </p>
      ))}
    </Section>
  );
}

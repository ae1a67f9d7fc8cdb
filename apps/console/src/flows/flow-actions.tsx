import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button, LinkButton } from '../design/button.tsx';
import { ConfirmDialog } from '../design/dialog.tsx';
import { useToasts } from '../design/toasts.tsx';
import { may, useUser } from '../session/session.ts';
import { WebhookButton } from '../triggers/webhook-button.tsx';
import { useFlowChanges } from './use-flow.ts';
import type { FlowDraft } from './use-flow-draft.ts';

function Remove({ draft }: { draft: FlowDraft }) {
  const api = useApi();
  const appId = useAppId() ?? '';
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const { id, name } = draft.base.view;
  const remove = async (): Promise<void> => {
    await bodyOf(api.DELETE('/v1/flows/{id}', { params: { path: { id } } }));
    await queries.invalidateQueries({ queryKey: [appId, 'flows'] });
    await navigate(`/apps/${appId}/flows`);
  };
  return (
    <>
      <Button kind="danger" onPress={() => setOpen(true)}>
        Delete …
      </Button>
      <ConfirmDialog
        title={`Delete ${name}?`}
        action="Delete the flow"
        isDanger
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        onConfirm={remove}
      >
        Its webhooks answer 404 from then on. Runs that have begun go on, and stay to be looked at.
      </ConfirmDialog>
    </>
  );
}

/** What becomes of a flow as a whole. Saving comes first where something was written. */
export function FlowActions({ draft, onSettings }: { draft: FlowDraft; onSettings: () => void }) {
  const appId = useAppId() ?? '';
  const user = useUser();
  const { tell, warn } = useToasts();
  const { base, setBase, isDirty, save, unread } = draft;
  const { id, status, version, publishedVersion } = base.view;
  const { change, publish } = useFlowChanges(id);
  const act = useMutation({
    mutationFn: async (what: 'publish' | 'pause' | 'resume') => {
      const onto = isDirty && what === 'publish' ? await save.mutateAsync(undefined) : base;
      if (what === 'publish') return publish(undefined, onto.etag);
      if (what === 'pause') return change({ status: 'paused' }, onto.etag);
      // What was saved after the published version stays a draft.
      const runs = onto.view.publishedVersion;
      const isSame = runs === null || runs === onto.view.version;
      return isSame ? change({ status: 'active' }, onto.etag) : publish(runs, onto.etag);
    },
    onSuccess: (next, what) => {
      setBase(next);
      tell({ publish: 'Published: new runs get this version.', pause: 'Paused.', resume: 'It runs again.' }[what]);
    },
    onError: (error) => (save.error ? undefined : warn(error)),
  });
  const mayEdit = may(user, 'editor', appId);
  const isNew = publishedVersion !== version || status === 'draft';
  return (
    <>
      {mayEdit ? (
        <>
          <Button
            isDisabled={!isDirty || unread !== null}
            isBusy={save.isPending}
            onPress={() => save.mutate(undefined)}
          >
            Save
          </Button>
          <Button
            kind="primary"
            isDisabled={unread !== null || !(isNew || isDirty)}
            isBusy={act.isPending && act.variables === 'publish'}
            onPress={() => act.mutate('publish')}
          >
            {isDirty ? 'Save and publish' : 'Publish'}
          </Button>
        </>
      ) : null}
      {may(user, 'operator', appId) && status !== 'draft' ? (
        <Button isBusy={act.isPending} onPress={() => act.mutate(status === 'paused' ? 'resume' : 'pause')}>
          {status === 'paused' ? 'Resume' : 'Pause'}
        </Button>
      ) : null}
      {mayEdit ? <WebhookButton flowId={id} /> : null}
      <Button onPress={onSettings}>Edit settings</Button>
      <LinkButton to={`/apps/${appId}/flows/${id}/versions`}>Versions</LinkButton>
      <LinkButton to={`/apps/${appId}/runs?flow=${id}`}>Runs</LinkButton>
      {mayEdit ? <Remove draft={draft} /> : null}
    </>
  );
}

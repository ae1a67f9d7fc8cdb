import { useState } from 'react';
import { useAppId } from '../api/use-api.ts';
import { Button, LinkButton } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { TextField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { OneTimeDialog, type Shown } from './one-time-dialog.tsx';
import { useCreateTrigger } from './trigger-queries.ts';

/**
 * The "Webhook" button of a flow's page (LT-02): makes a webhook of profile `run` for it and shows URL, token and a curl
 * with an example body of the flow's inputs, once.
 */
export function WebhookButton({ flowId }: { flowId: string }) {
  const appId = useAppId();
  const create = useCreateTrigger();
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState('Webhook');
  const [shown, setShown] = useState<Shown | null>(null);
  const submit = (): void =>
    create.mutate(
      { flowId, name, profile: 'run' },
      {
        onSuccess: (trigger) => {
          const { url, token, secret, instructions } = trigger;
          setOpen(false);
          setShown({ url, token, secret, curl: instructions.curl ?? null, trigger });
        },
      },
    );
  const open = (): void => {
    create.reset();
    setOpen(true);
  };
  return (
    <>
      <Button onPress={open}>Webhook</Button>
      <Dialog title="New webhook for this flow" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Form onSubmit={submit} error={create.error} label="New webhook for this flow">
          <p>
            It gets a URL and a token of its own. The token is shown once; a flow can have several webhooks, so add
            another one when a token is lost.{' '}
            <LinkButton kind="quiet" small to={`/apps/${appId}/triggers?flowId=${flowId}`}>
              Those it has
            </LinkButton>
          </p>
          <TextField label="Name" pointer="/name" value={name} onChange={setName} />
          <FormError error={create.error} />
          <DialogActions>
            <Button onPress={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" kind="primary" isBusy={create.isPending}>
              Create webhook
            </Button>
          </DialogActions>
        </Form>
      </Dialog>
      <OneTimeDialog shown={shown} onClose={() => setShown(null)} />
    </>
  );
}

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { bodyOf, clientOf } from '../api/client.ts';
import { Button } from '../design/button.tsx';
import { DataTable } from '../design/data-table.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { TextField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { Page } from '../design/page.tsx';
import { QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';
import { may, useUser } from '../session/session.ts';
import { useApps } from '../shell/shell.tsx';

/** Apps are tenants: each has flows, webhooks, endpoints and people of its own. */
export function Component() {
  const apps = useApps();
  const canAdd = may(useUser(), 'administrator', null);
  return (
    <Page
      title="Apps"
      about="Each app is a tenant: its flows, webhooks, secrets and people are its own."
      actions={canAdd ? <NewApp /> : null}
    >
      <QueryView query={apps}>
        {(all) => (
          <DataTable
            label="Apps"
            rows={all}
            keyOf={(app) => app.id}
            hrefOf={(app) => `/apps/${app.id}/overview`}
            columns={[
              {
                name: 'Name',
                width: '2fr',
                cell: (app) => (
                  <Link to={`/apps/${app.id}/overview`} tabIndex={-1}>
                    {app.name}
                  </Link>
                ),
              },
              { name: 'Environment id', cell: (app) => app.environmentId },
              { name: 'Id', width: '3fr', cell: (app) => <code>{app.id}</code> },
              { name: 'Made', width: '10.5rem', cell: (app) => <Time at={app.createdAt} /> },
            ]}
          />
        )}
      </QueryView>
    </Page>
  );
}

function NewApp() {
  const queries = useQueryClient();
  const { tell } = useToasts();
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: () => bodyOf(clientOf(null).POST('/v1/apps', { body: { name } })),
    onSuccess: (app) => {
      setOpen(false);
      setName('');
      tell(`The app ${app.name} is made.`);
      return queries.invalidateQueries({ queryKey: ['apps'] });
    },
  });
  return (
    <>
      <Button kind="primary" onPress={() => setOpen(true)}>
        New app
      </Button>
      <Dialog title="New app" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Form onSubmit={() => create.mutate()} error={create.error} label="New app">
          <TextField label="Name" pointer="/name" value={name} onChange={setName} />
          <FormError error={create.error} />
          <DialogActions>
            <Button onPress={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" kind="primary" isBusy={create.isPending}>
              Create app
            </Button>
          </DialogActions>
        </Form>
      </Dialog>
    </>
  );
}

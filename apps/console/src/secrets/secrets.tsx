import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { DataTable } from '../design/data-table.tsx';
import { ConfirmDialog } from '../design/dialog.tsx';
import { Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { may, useUser } from '../session/session.ts';
import { SecretDialog } from './secret-dialog.tsx';

/** Names of the secrets of the app; no value is ever shown, not even to who has saved it. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const isEditor = may(useUser(), 'editor', appId);
  const [editing, setEditing] = useState<string | null>(null);
  const [deleting, setDeleting] = useState<string | null>(null);
  const { query, items, onEnd } = usePages([appId, 'secrets'], (cursor) =>
    bodyOf(api.GET('/v1/secrets', { params: { query: cursor ? { cursor } : {} } })),
  );
  const remove = async (): Promise<void> => {
    await bodyOf(api.DELETE('/v1/secrets/{name}', { params: { path: { name: deleting ?? '' } } }));
    await queries.invalidateQueries({ queryKey: [appId, 'secrets'] });
  };
  const add = isEditor ? (
    <Button kind="primary" onPress={() => setEditing('')}>
      New secret
    </Button>
  ) : null;
  return (
    <Page
      title="Secrets"
      about="Sealed values for flows: {{ secrets.name }} is put in when a request is sent, and stands in no event."
      actions={items.length > 0 ? add : null}
    >
      <QueryView query={query}>
        {() =>
          items.length === 0 ? (
            <Empty title="No secret yet" action={add}>
              Keep keys and passwords here instead of writing them into flows.
            </Empty>
          ) : (
            <DataTable
              label="Secrets"
              rows={items}
              keyOf={(secret) => secret.name}
              onEnd={onEnd}
              columns={[
                { name: 'Name', width: '2fr', cell: (secret) => <code>{secret.name}</code> },
                { name: 'Value', cell: () => 'never shown' },
                { name: 'Changed', width: '10.5rem', cell: (secret) => <Time at={secret.updatedAt} /> },
                {
                  name: 'Actions',
                  width: '2fr',
                  cell: ({ name }) => (
                    <>
                      <Link to={`/apps/${appId}/history?kind=secrets&id=${encodeURIComponent(name)}`}>History</Link>{' '}
                      {isEditor ? (
                        <>
                          <Button small aria-label={`Replace ${name}`} onPress={() => setEditing(name)}>
                            Replace
                          </Button>{' '}
                          <Button small kind="danger" aria-label={`Delete ${name}`} onPress={() => setDeleting(name)}>
                            Delete
                          </Button>
                        </>
                      ) : null}
                    </>
                  ),
                },
              ]}
            />
          )
        }
      </QueryView>
      {editing === null ? null : <SecretDialog name={editing} onClose={() => setEditing(null)} />}
      <ConfirmDialog
        title={`Delete ${deleting ?? ''}?`}
        action="Delete"
        isDanger
        isOpen={deleting !== null}
        onClose={() => setDeleting(null)}
        onConfirm={remove}
      >
        Flows that read it get nothing from then on.
      </ConfirmDialog>
    </Page>
  );
}

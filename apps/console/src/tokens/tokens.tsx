import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { bodyOf } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { DataTable } from '../design/data-table.tsx';
import { ConfirmDialog } from '../design/dialog.tsx';
import { Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { NewTokenDialog, TokenDialog, type TokenRequest } from './token-form.tsx';

/** All tokens of the app, for its administrators: what is made here belongs to the app and outlives its maker. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<string | null>(null);
  const { query, items, onEnd } = usePages([appId, 'tokens'], (cursor) =>
    bodyOf(api.GET('/v1/tokens', { params: { query: cursor ? { cursor } : {} } })),
  );
  const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: [appId, 'tokens'] });
  const create = async (body: TokenRequest): Promise<void> => {
    const { token } = await bodyOf(api.POST('/v1/tokens', { body }));
    setMaking(false);
    setMade(token);
    await refresh();
  };
  const revoke = async (): Promise<void> => {
    await bodyOf(api.DELETE('/v1/tokens/{id}', { params: { path: { id: revoking ?? '' } } }));
    await refresh();
  };
  const add = (
    <Button kind="primary" onPress={() => setMaking(true)}>
      New app token
    </Button>
  );
  return (
    <Page
      title="App tokens"
      about="For programs. They belong to the app, not to who makes them."
      actions={items.length > 0 ? add : null}
    >
      <QueryView query={query}>
        {() =>
          items.length === 0 ? (
            <Empty title="No token yet" action={add}>
              A program calls the API with a token of the app.
            </Empty>
          ) : (
            <DataTable
              label="App tokens"
              rows={items}
              keyOf={(token) => token.id}
              onEnd={onEnd}
              columns={[
                { name: 'For', width: '2fr', cell: (token) => token.note || <code>{token.id}</code> },
                { name: 'May', width: '2fr', cell: (token) => token.scopes.join(', ') },
                { name: 'Whose', cell: (token) => (token.userId === null ? 'the app' : 'a user') },
                { name: 'Used last', width: '10.5rem', cell: (token) => <Time at={token.last_used} /> },
                { name: 'Ends', width: '10.5rem', cell: (token) => <Time at={token.expiresAt} /> },
                {
                  name: 'Actions',
                  cell: (token) => (
                    <Button
                      small
                      kind="danger"
                      aria-label={`Revoke ${token.note || token.id}`}
                      onPress={() => setRevoking(token.id)}
                    >
                      Revoke
                    </Button>
                  ),
                },
              ]}
            />
          )
        }
      </QueryView>
      <TokenDialog isOpen={isMaking} onClose={() => setMaking(false)} create={create} />
      <NewTokenDialog token={made} onClose={() => setMade(null)} />
      <ConfirmDialog
        title="Revoke this token?"
        action="Revoke"
        isDanger
        isOpen={revoking !== null}
        onClose={() => setRevoking(null)}
        onConfirm={revoke}
      >
        Programs that use it get 401 within a second.
      </ConfirmDialog>
    </Page>
  );
}

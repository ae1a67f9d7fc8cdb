import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { bodyAndTagOf, bodyOf, clientOf, plainClient, type Schema } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { type Tagged, useGuardedSave } from '../api/use-guarded-save.ts';
import { Button } from '../design/button.tsx';
import { Conflict } from '../design/conflict.tsx';
import { ConfirmDialog } from '../design/dialog.tsx';
import { TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Facts, Page, Section } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';
import { SESSION_KEY, type User, useSession, useUser } from '../session/session.ts';
import { NewTokenDialog, TokenDialog, type TokenRequest } from '../tokens/token-form.tsx';

const api = clientOf(null);
type Token = Schema<'PersonalTokenView'>;

/** One's own name, password and personal access tokens. */
export function Component() {
  const user = useUser();
  const session = useSession();
  return (
    <Page title="Account" about={user.email}>
      <Section title="You">
        <Facts
          facts={[
            ['Roles', user.roles.map((grant) => `${grant.role} in ${grant.appId ?? 'all apps'}`).join('; ')],
            ['Signed in until', <Time key="end" at={session.data?.expiresAt} />],
          ]}
        />
        <OwnName />
      </Section>
      <Section title="Password">
        <PasswordForm />
      </Section>
      <PersonalTokens />
    </Page>
  );
}

const readMe = (): Promise<Tagged<User>> => bodyAndTagOf(api.GET('/v1/users/me'));
const ME_KEY = ['me', 'to-edit'];

function OwnName() {
  const me = useQuery({
    queryKey: ME_KEY,
    queryFn: readMe,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  return <QueryView query={me}>{(opened) => <NameForm key={opened.etag} opened={opened} />}</QueryView>;
}

function NameForm({ opened }: { opened: Tagged<User> }) {
  const queries = useQueryClient();
  const { tell } = useToasts();
  const [typed, setTyped] = useState(opened.body.name);
  const form = useGuardedSave({
    opened,
    read: readMe,
    write: (name: string, headers) => bodyOf(api.PATCH('/v1/users/me', { body: { name }, headers })),
    onSaved: async () => {
      tell('Your name is saved.');
      await queries.invalidateQueries({ queryKey: SESSION_KEY });
      await queries.invalidateQueries({ queryKey: ME_KEY });
    },
  });
  return (
    <Form onSubmit={() => form.save(typed)} error={form.error} label="Name">
      <TextField label="Name" pointer="/name" autoComplete="name" value={typed} onChange={setTyped} />
      <FormError error={form.error} />
      {form.theirs ? (
        <Conflict
          theirs={{ name: form.theirs.name }}
          mine={{ name: typed }}
          isBusy={form.isBusy}
          onOverwrite={() => form.overwrite(typed)}
        />
      ) : null}
      <FormActions>
        <Button type="submit" isBusy={form.isBusy}>
          Save name
        </Button>
      </FormActions>
    </Form>
  );
}

function PasswordForm() {
  const { tell } = useToasts();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const save = useMutation({
    // A wrong present password is 401 as well, and means no ended session.
    mutationFn: () =>
      bodyOf(plainClient.POST('/v1/users/me/password', { body: { currentPassword: current, password: next } })),
    onSuccess: () => {
      setCurrent('');
      setNext('');
      tell('Your password is changed; your other sessions have ended.');
    },
  });
  return (
    <Form onSubmit={() => save.mutate()} error={save.error} label="Password">
      <TextField
        label="Present password"
        type="password"
        autoComplete="current-password"
        pointer="/currentPassword"
        value={current}
        onChange={setCurrent}
      />
      <TextField
        label="New password"
        type="password"
        autoComplete="new-password"
        pointer="/password"
        hint="12 characters or more. It ends all your other sessions."
        value={next}
        onChange={setNext}
      />
      <FormError error={save.error} />
      <FormActions>
        <Button type="submit" isBusy={save.isPending}>
          Change password
        </Button>
      </FormActions>
    </Form>
  );
}

const KEY = ['account', 'tokens'] as const;

function PersonalTokens() {
  const queries = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<string | null>(null);
  const [renewing, setRenewing] = useState<Token | null>(null);
  const { query, items } = usePages(KEY, (cursor) =>
    bodyOf(api.GET('/v1/personal-access-tokens', { params: { query: cursor ? { cursor } : {} } })),
  );
  const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: KEY });
  const create = async (request: TokenRequest): Promise<void> => {
    const { token } = await bodyOf(api.POST('/v1/personal-access-tokens', { body: { ...request, appId: null } }));
    setMaking(false);
    setMade(token);
    await refresh();
  };
  const regenerate = async (): Promise<void> => {
    const params = { path: { id: renewing?.id ?? '' } };
    // From now on for as long as it was before.
    const { token } = await bodyOf(api.POST('/v1/personal-access-tokens/{id}/regenerate', { params, body: {} }));
    setMade(token);
    await refresh();
  };
  const revoke = async (): Promise<void> => {
    await bodyOf(api.DELETE('/v1/personal-access-tokens/{id}', { params: { path: { id: revoking ?? '' } } }));
    await refresh();
  };
  return (
    <Section
      title="Personal access tokens"
      actions={<Button onPress={() => setMaking(true)}>New personal token</Button>}
    >
      <p>They do what you may, as far as their scopes allow, and end with you.</p>
      <QueryView query={query}>
        {() =>
          items.length === 0 ? (
            <Empty title="No personal token yet" />
          ) : (
            <ul>
              {items.map((token) => (
                <li key={token.id}>
                  {token.note || token.id} ({token.scopes.join(', ')}), used last: <Time at={token.last_used} />{' '}
                  <Button small aria-label={`Regenerate ${token.note || token.id}`} onPress={() => setRenewing(token)}>
                    Regenerate
                  </Button>{' '}
                  <Button
                    small
                    kind="danger"
                    aria-label={`Revoke ${token.note || token.id}`}
                    onPress={() => setRevoking(token.id)}
                  >
                    Revoke
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </QueryView>
      <TokenDialog isOpen={isMaking} onClose={() => setMaking(false)} create={create} />
      <NewTokenDialog token={made} onClose={() => setMade(null)} />
      <ConfirmDialog
        title="Regenerate this token?"
        action="Regenerate"
        isOpen={renewing !== null}
        onClose={() => setRenewing(null)}
        onConfirm={regenerate}
      >
        A new one is shown once. The present one ends: programs that use it get 401 within a second.
      </ConfirmDialog>
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
    </Section>
  );
}

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { bodyAndTagOf, bodyOf, clientOf, type Schema } from '../api/client.ts';
import { type Tagged, useGuardedSave } from '../api/use-guarded-save.ts';
import { Button } from '../design/button.tsx';
import { Conflict } from '../design/conflict.tsx';
import { ConfirmDialog, Dialog, DialogActions } from '../design/dialog.tsx';
import { CheckField, SelectField, TextField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { QueryView } from '../design/states.tsx';
import { useToasts } from '../design/toasts.tsx';
import type { Role, User } from '../session/session.ts';

const api = clientOf(null);
const ROLES: readonly { value: Role; label: string }[] = [
  { value: 'viewer', label: 'viewer' },
  { value: 'operator', label: 'operator' },
  { value: 'editor', label: 'editor' },
  { value: 'administrator', label: 'administrator' },
];

type Grant = User['roles'][number];
type App = Schema<'AppView'>;

function Roles({
  roles,
  apps,
  onChange,
}: {
  roles: readonly Grant[];
  apps: readonly App[];
  onChange: (roles: Grant[]) => void;
}) {
  const places = [{ value: '', label: 'all apps' }, ...apps.map((app) => ({ value: app.id, label: app.name }))];
  const change = (index: number, part: Partial<Grant>): void =>
    onChange(roles.map((grant, at) => (at === index ? { ...grant, ...part } : grant)));
  return (
    <fieldset>
      <legend>Roles</legend>
      {roles.map((grant, index) => (
        <div key={`${index} ${grant.appId}`}>
          <SelectField
            label={`Role ${index + 1}`}
            value={grant.role}
            options={ROLES}
            onChange={(role) => change(index, { role })}
          />
          <SelectField
            label={`in app ${index + 1}`}
            pointer={`/roles/${index}`}
            value={grant.appId ?? ''}
            options={places}
            onChange={(appId) => change(index, { appId: appId === '' ? null : appId })}
          />
          <Button small onPress={() => onChange(roles.filter((_, at) => at !== index))}>
            Remove role {index + 1}
          </Button>
        </div>
      ))}
      <Button small onPress={() => onChange([...roles, { role: 'viewer', appId: apps[0]?.id ?? null }])}>
        Add a role
      </Button>
    </fieldset>
  );
}

interface DialogProps {
  apps: readonly App[];
  onClose: () => void;
}

/** Makes a user, or changes one: with If-Match, so that nobody overwrites unseen what somebody else has just saved. */
export function UserDialog({ user, apps, onClose }: DialogProps & { user: User | null }) {
  return (
    <Dialog title={user ? `Change ${user.email}` : 'New user'} isOpen onClose={onClose} isWide>
      {user ? (
        <OpenedUser id={user.id} apps={apps} onClose={onClose} />
      ) : (
        <UserForm opened={null} apps={apps} onClose={onClose} />
      )}
    </Dialog>
  );
}

const readUser = (id: string): Promise<Tagged<User>> =>
  bodyAndTagOf(api.GET('/v1/users/{id}', { params: { path: { id } } }));

function OpenedUser({ id, ...rest }: DialogProps & { id: string }) {
  const opened = useQuery({
    queryKey: ['user-to-edit', id],
    queryFn: () => readUser(id),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  return <QueryView query={opened}>{(user) => <UserForm opened={user} {...rest} />}</QueryView>;
}

interface Draft {
  email: string;
  name: string;
  password: string;
  disabled: boolean;
  roles: Grant[];
}

/** What can be compared: no password. */
const shownOf = ({ email, name, disabled, roles }: Omit<Draft, 'password'>) => ({ email, name, disabled, roles });

const saveUser = (id: string | null, { password, disabled, ...given }: Draft, headers: Record<string, string>) => {
  if (id === null) return bodyOf(api.POST('/v1/users', { body: { ...given, password } }));
  const body = { ...given, disabled, ...(password === '' ? {} : { password }) } as Schema<'ChangeUser'>;
  return bodyOf(api.PATCH('/v1/users/{id}', { params: { path: { id } }, body, headers }));
};

function UserFields({ draft, apps, isNew, onChange }: FieldsProps) {
  return (
    <>
      <TextField
        label="E-mail"
        type="email"
        pointer="/email"
        value={draft.email}
        onChange={(email) => onChange({ email })}
      />
      <TextField label="Name" pointer="/name" value={draft.name} onChange={(name) => onChange({ name })} />
      <TextField
        label={isNew ? 'Password' : 'New password'}
        type="password"
        autoComplete="new-password"
        isOptional={!isNew}
        pointer="/password"
        hint="12 characters or more. A new one signs the user out everywhere."
        value={draft.password}
        onChange={(password) => onChange({ password })}
      />
      <Roles roles={draft.roles} apps={apps} onChange={(roles) => onChange({ roles })} />
      {isNew ? null : (
        <CheckField
          label="Disabled"
          hint="No session and no token of theirs works."
          isOn={draft.disabled}
          onChange={(disabled) => onChange({ disabled })}
        />
      )}
    </>
  );
}

interface FieldsProps {
  draft: Draft;
  apps: readonly App[];
  isNew: boolean;
  onChange: (part: Partial<Draft>) => void;
}

function UserForm({ opened, apps, onClose }: DialogProps & { opened: Tagged<User> | null }) {
  const queries = useQueryClient();
  const { tell } = useToasts();
  const user = opened?.body ?? null;
  const [draft, setDraft] = useState<Draft>(() => ({
    email: user?.email ?? '',
    name: user?.name ?? '',
    password: '',
    disabled: user?.disabled ?? false,
    roles: user?.roles ?? [{ role: 'viewer', appId: apps[0]?.id ?? null }],
  }));
  const form = useGuardedSave<User | null, Draft>({
    opened: opened ?? { body: null, etag: null },
    read: () => readUser(user?.id ?? ''),
    write: (wanted, headers) => saveUser(user?.id ?? null, wanted, headers),
    onSaved: () => {
      tell(user ? 'The user is changed.' : 'The user is made.');
      onClose();
      return queries.invalidateQueries({ queryKey: ['users'] });
    },
  });
  return (
    <Form onSubmit={() => form.save(draft)} error={form.error} label="User">
      <UserFields
        draft={draft}
        apps={apps}
        isNew={user === null}
        onChange={(part) => setDraft((now) => ({ ...now, ...part }))}
      />
      <FormError error={form.error} />
      {form.theirs ? (
        <Conflict
          theirs={shownOf(form.theirs)}
          mine={shownOf(draft)}
          isBusy={form.isBusy}
          onOverwrite={() => form.overwrite(draft)}
        >
          Passwords are not compared.
        </Conflict>
      ) : null}
      <DialogActions>
        {user ? <UserActions user={user} apps={apps} onClose={onClose} /> : null}
        <Button onPress={onClose}>Cancel</Button>
        <Button type="submit" kind="primary" isBusy={form.isBusy}>
          {user ? 'Save user' : 'Create user'}
        </Button>
      </DialogActions>
    </Form>
  );
}

function UserActions({ user, apps, onClose }: DialogProps & { user: User }) {
  const queries = useQueryClient();
  const [isDeleting, setDeleting] = useState(false);
  const remove = async (): Promise<void> => {
    await bodyOf(api.DELETE('/v1/users/{id}', { params: { path: { id: user.id } } }));
    onClose();
    await queries.invalidateQueries({ queryKey: ['users'] });
  };
  return (
    <>
      <Link to={`/apps/${apps[0]?.id ?? ''}/history?kind=users&id=${user.id}`}>History</Link>
      <Button kind="danger" onPress={() => setDeleting(true)}>
        Delete user
      </Button>
      <ConfirmDialog
        title={`Delete ${user.email}?`}
        action="Delete"
        isDanger
        isOpen={isDeleting}
        onClose={() => setDeleting(false)}
        onConfirm={remove}
      >
        Their sessions and personal tokens end at once. What they did stays in the history.
      </ConfirmDialog>
    </>
  );
}

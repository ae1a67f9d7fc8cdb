import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { bodyOf, clientOf, type Schema } from '../api/client.ts';
import { Button } from '../design/button.tsx';
import { ConfirmDialog, Dialog, DialogActions } from '../design/dialog.tsx';
import { CheckField, SelectField, TextField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
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

/** Makes a user, or changes one. */
export function UserDialog({ user, apps, onClose }: { user: User | null; apps: readonly App[]; onClose: () => void }) {
  const queries = useQueryClient();
  const { tell } = useToasts();
  const [email, setEmail] = useState(user?.email ?? '');
  const [name, setName] = useState(user?.name ?? '');
  const [password, setPassword] = useState('');
  const [disabled, setDisabled] = useState(user?.disabled ?? false);
  const [roles, setRoles] = useState<Grant[]>(user?.roles ?? [{ role: 'viewer', appId: apps[0]?.id ?? null }]);
  const [isDeleting, setDeleting] = useState(false);
  const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: ['users'] });
  const save = useMutation({
    mutationFn: async (): Promise<unknown> => {
      const given = { email, name, roles };
      if (!user) return bodyOf(api.POST('/v1/users', { body: { ...given, password } }));
      const body = { ...given, disabled, ...(password === '' ? {} : { password }) } as Schema<'ChangeUser'>;
      return bodyOf(api.PATCH('/v1/users/{id}', { params: { path: { id: user.id } }, body }));
    },
    onSuccess: () => {
      tell(user ? 'The user is changed.' : 'The user is made.');
      onClose();
      return refresh();
    },
  });
  const remove = async (): Promise<void> => {
    await bodyOf(api.DELETE('/v1/users/{id}', { params: { path: { id: user?.id ?? '' } } }));
    onClose();
    await refresh();
  };
  return (
    <Dialog title={user ? `Change ${user.email}` : 'New user'} isOpen onClose={onClose} isWide>
      <Form onSubmit={() => save.mutate()} error={save.error} label="User">
        <TextField label="E-mail" type="email" pointer="/email" value={email} onChange={setEmail} />
        <TextField label="Name" pointer="/name" value={name} onChange={setName} />
        <TextField
          label={user ? 'New password' : 'Password'}
          type="password"
          autoComplete="new-password"
          isOptional={user !== null}
          pointer="/password"
          hint="12 characters or more. A new one signs the user out everywhere."
          value={password}
          onChange={setPassword}
        />
        <Roles roles={roles} apps={apps} onChange={setRoles} />
        {user ? (
          <CheckField
            label="Disabled"
            hint="No session and no token of theirs works."
            isOn={disabled}
            onChange={setDisabled}
          />
        ) : null}
        <FormError error={save.error} />
        <DialogActions>
          {user ? (
            <>
              <Link to={`/apps/${apps[0]?.id ?? ''}/history?kind=users&id=${user.id}`}>History</Link>
              <Button kind="danger" onPress={() => setDeleting(true)}>
                Delete user
              </Button>
            </>
          ) : null}
          <Button onPress={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={save.isPending}>
            {user ? 'Save user' : 'Create user'}
          </Button>
        </DialogActions>
      </Form>
      <ConfirmDialog
        title={`Delete ${user?.email ?? ''}?`}
        action="Delete"
        isDanger
        isOpen={isDeleting}
        onClose={() => setDeleting(false)}
        onConfirm={remove}
      >
        Their sessions and personal tokens end at once. What they did stays in the history.
      </ConfirmDialog>
    </Dialog>
  );
}

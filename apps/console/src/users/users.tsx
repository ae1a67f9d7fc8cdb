import { useState } from 'react';
import { bodyOf, clientOf } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { Button } from '../design/button.tsx';
import { DataTable } from '../design/data-table.tsx';
import { TextField } from '../design/field.tsx';
import { Badge, Filters, Page } from '../design/page.tsx';
import { QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import type { User } from '../session/session.ts';
import { useApps } from '../shell/shell.tsx';
import { UserDialog } from './user-dialog.tsx';

const api = clientOf(null);

/** Who may sign in, and what each is in which app. */
export function Component() {
  const [q, setQ] = useFilter('q');
  const [userId, setUserId] = useFilter('user');
  const [isMaking, setMaking] = useState(false);
  const apps = useApps();
  const nameOf = (id: string | null): string =>
    id === null ? 'all apps' : (apps.data?.find((app) => app.id === id)?.name ?? id);
  const { query, items, onEnd } = usePages(['users', q], (cursor) =>
    bodyOf(api.GET('/v1/users', { params: { query: { ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) } } })),
  );
  const chosen = items.find((user) => user.id === userId) ?? null;
  const rolesOf = ({ roles }: User): string =>
    roles.map((grant) => `${grant.role} in ${nameOf(grant.appId)}`).join('; ');
  return (
    <Page
      title="Users"
      about="People, and what they are in which app. The API refuses what a role does not allow."
      actions={
        <Button kind="primary" onPress={() => setMaking(true)}>
          New user
        </Button>
      }
    >
      <Filters>
        <TextField label="Name or e-mail" type="search" value={q} onChange={setQ} />
      </Filters>
      <QueryView query={query}>
        {() => (
          <DataTable
            label="Users"
            rows={items}
            keyOf={(user) => user.id}
            onEnd={onEnd}
            columns={[
              { name: 'Name', width: '1.5fr', cell: (user) => user.name },
              { name: 'E-mail', width: '2fr', cell: (user) => user.email },
              { name: 'Roles', width: '3fr', cell: rolesOf },
              {
                name: 'State',
                cell: (user) =>
                  user.disabled ? <Badge tone="warn">disabled</Badge> : <Badge tone="good">active</Badge>,
              },
              { name: 'Made', width: '10.5rem', cell: (user) => <Time at={user.createdAt} /> },
              {
                name: 'Actions',
                cell: (user) => (
                  <Button small aria-label={`Change ${user.email}`} onPress={() => setUserId(user.id)}>
                    Change
                  </Button>
                ),
              },
            ]}
          />
        )}
      </QueryView>
      {isMaking ? <UserDialog user={null} apps={apps.data ?? []} onClose={() => setMaking(false)} /> : null}
      {chosen ? (
        <UserDialog key={chosen.id} user={chosen} apps={apps.data ?? []} onClose={() => setUserId('')} />
      ) : null}
    </Page>
  );
}

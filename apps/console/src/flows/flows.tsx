import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { bodyOf, type Schema } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { type Column, DataTable } from '../design/data-table.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { SelectField, TextField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { Badge, Filters, Page, type Tone } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import { may, useUser } from '../session/session.ts';
import { useCommands } from '../shell/commands.tsx';
import { EXAMPLES } from './examples.ts';

type Summary = Schema<'FlowSummary'>;
type Status = Summary['status'];

const TONES: Record<Status, Tone> = { active: 'good', paused: 'warn', draft: 'plain' };
const STATUSES = [
  { value: '', label: 'Any status' },
  { value: 'active', label: 'active' },
  { value: 'draft', label: 'draft' },
  { value: 'paused', label: 'paused' },
];
const COLUMNS: Column<Summary>[] = [
  { name: 'Name', width: '3fr', cell: (flow) => <strong>{flow.name}</strong> },
  { name: 'Status', width: '7rem', cell: (flow) => <Badge tone={TONES[flow.status]}>{flow.status}</Badge> },
  {
    name: 'Versions',
    width: '14rem',
    cell: ({ version, publishedVersion }) =>
      publishedVersion === null
        ? `${version}, none published`
        : version === publishedVersion
          ? `${version}, published`
          : `${publishedVersion} published, ${version} is a draft`,
  },
  { name: 'Changed', width: '13rem', cell: (flow) => <Time at={flow.updatedAt} /> },
];

const EMPTY = { steps: [{ ref: 'web', type: 'webhook' }] };
const BEGINNINGS = [
  { value: '', label: 'A webhook step and nothing else' },
  ...EXAMPLES.map(({ file, label }) => ({ value: file, label: `Example: ${label}` })),
];

function NewFlow({ onClose }: { onClose: () => void }) {
  const api = useApi();
  const appId = useAppId() ?? '';
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [from, setFrom] = useState('');
  const create = useMutation({
    mutationFn: async () => {
      const beginning = (await EXAMPLES.find(({ file }) => file === from)?.load()) ?? EMPTY;
      // Published by a person, after a look at it.
      const body = { ...beginning, ...(name.trim() === '' ? {} : { name: name.trim() }), status: 'draft' };
      return bodyOf(api.POST('/v1/flows', { body: body as never }));
    },
    onSuccess: ({ id }) => void navigate(`/apps/${appId}/flows/${id}`),
  });
  return (
    <Form error={create.error} onSubmit={() => create.mutate()}>
      <SelectField label="Begin with" value={from} onChange={setFrom} options={BEGINNINGS} />
      <TextField label="Name" pointer="/name" isOptional={from !== ''} value={name} onChange={setName} />
      <FormError error={create.error} />
      <DialogActions>
        <Button onPress={onClose}>Close</Button>
        <Button kind="primary" type="submit" isBusy={create.isPending}>
          Create
        </Button>
      </DialogActions>
    </Form>
  );
}

/** The flows of the app. */
export function Component() {
  const api = useApi();
  const appId = useAppId() ?? '';
  const user = useUser();
  const [status, setStatus] = useFilter('status');
  const [q, setQ] = useFilter('q');
  const [isNew, setNew] = useState(false);
  const filters = {
    ...(q.trim() === '' ? {} : { q: q.trim() }),
    ...(STATUSES.some(({ value }) => value === status) && status !== '' ? { status: status as Status } : {}),
  };
  const { query, items, onEnd } = usePages<Summary>([appId, 'flows', filters], (cursor) =>
    bodyOf(api.GET('/v1/flows', { params: { query: { ...filters, ...(cursor ? { cursor } : {}) } } })),
  );
  const mayAdd = may(user, 'editor', appId);
  useCommands(mayAdd ? [{ id: 'flow:new', label: 'New flow', words: 'create example', run: () => setNew(true) }] : []);
  const add = mayAdd ? (
    <Button kind="primary" onPress={() => setNew(true)}>
      New flow …
    </Button>
  ) : null;
  return (
    <Page title="Flows" about="What runs when something calls." actions={add}>
      <Filters>
        <TextField label="Name" type="search" value={q} onChange={setQ} />
        <SelectField label="Status" value={status} onChange={setStatus} options={STATUSES} />
      </Filters>
      <QueryView query={query}>
        {() =>
          items.length === 0 ? (
            <Empty title="No flows here">
              {Object.keys(filters).length > 0
                ? 'Nothing fits the filters.'
                : 'Begin with an example, or with an empty flow.'}
            </Empty>
          ) : (
            <DataTable
              label="Flows"
              rows={items}
              columns={COLUMNS}
              keyOf={(flow) => flow.id}
              hrefOf={(flow) => `/apps/${appId}/flows/${flow.id}`}
              onEnd={onEnd}
            />
          )
        }
      </QueryView>
      <Dialog title="New flow" isOpen={isNew} onClose={() => setNew(false)}>
        <NewFlow onClose={() => setNew(false)} />
      </Dialog>
    </Page>
  );
}

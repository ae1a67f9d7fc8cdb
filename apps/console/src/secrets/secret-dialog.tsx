import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { bodyAndTagOf, bodyOf, type Schema } from '../api/client.ts';
import { type Tagged, useGuardedSave } from '../api/use-guarded-save.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Conflict } from '../design/conflict.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { TextField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';

type Secret = Schema<'SecretView'>;

/** Makes a secret (no name), or replaces the value of one. */
export function SecretDialog({ name, onClose }: { name: string; onClose: () => void }) {
  return (
    <Dialog title={name === '' ? 'New secret' : `Replace ${name}`} isOpen onClose={onClose}>
      {name === '' ? <NewSecret onClose={onClose} /> : <OpenedSecret name={name} onClose={onClose} />}
    </Dialog>
  );
}

function useSaved(onClose: () => void) {
  const appId = useAppId();
  const queries = useQueryClient();
  const { tell } = useToasts();
  return (name: string): Promise<void> => {
    tell(`The secret ${name} is saved.`);
    onClose();
    return queries.invalidateQueries({ queryKey: [appId, 'secrets'] });
  };
}

function ValueField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <TextField
      label="Value"
      type="password"
      isCode
      pointer="/value"
      hint="Sealed when it is saved, and never shown again."
      value={value}
      onChange={onChange}
    />
  );
}

function Actions({ isBusy, onClose }: { isBusy: boolean; onClose: () => void }) {
  return (
    <DialogActions>
      <Button onPress={onClose}>Cancel</Button>
      <Button type="submit" kind="primary" isBusy={isBusy}>
        Save secret
      </Button>
    </DialogActions>
  );
}

/** One that is there already is not replaced by who believes that it is new. */
function NewSecret({ onClose }: { onClose: () => void }) {
  const api = useApi();
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const onSaved = useSaved(onClose);
  const save = useMutation({
    mutationFn: () => {
      const params = { path: { name }, header: { 'If-None-Match': '*' } };
      return bodyOf(api.PUT('/v1/secrets/{name}', { params, body: { value } }));
    },
    onSuccess: () => onSaved(name),
  });
  return (
    <Form onSubmit={() => save.mutate()} error={save.error} label="Secret">
      <TextField label="Name" isCode pointer="/name" value={name} onChange={setName} />
      <ValueField value={value} onChange={setValue} />
      <FormError error={save.error} />
      <Actions isBusy={save.isPending} onClose={onClose} />
    </Form>
  );
}

function OpenedSecret({ name, onClose }: { name: string; onClose: () => void }) {
  const api = useApi();
  const appId = useAppId();
  const read = (): Promise<Tagged<Secret>> =>
    bodyAndTagOf(api.GET('/v1/secrets/{name}', { params: { path: { name } } }));
  const opened = useQuery({
    queryKey: [appId, 'secret-to-replace', name],
    queryFn: read,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  return (
    <QueryView query={opened}>{(secret) => <ReplaceSecret opened={secret} read={read} onClose={onClose} />}</QueryView>
  );
}

interface ReplaceProps {
  opened: Tagged<Secret>;
  read: () => Promise<Tagged<Secret>>;
  onClose: () => void;
}

/** With If-Match. Values are compared by nobody: the conflict only says when theirs was saved. */
function ReplaceSecret({ opened, read, onClose }: ReplaceProps) {
  const api = useApi();
  const { name } = opened.body;
  const [value, setValue] = useState('');
  const onSaved = useSaved(onClose);
  const form = useGuardedSave({
    opened,
    read,
    write: (draft: string, headers) =>
      bodyOf(api.PUT('/v1/secrets/{name}', { params: { path: { name } }, body: { value: draft }, headers })),
    onSaved: () => onSaved(name),
  });
  return (
    <Form onSubmit={() => form.save(value)} error={form.error} label="Secret">
      <ValueField value={value} onChange={setValue} />
      <FormError error={form.error} />
      {form.theirs ? (
        <Conflict theirs={null} mine={{}} isBusy={form.isBusy} onOverwrite={() => form.overwrite(value)}>
          Theirs was saved <Time at={form.theirs.updatedAt} />; no value is shown, also not to compare.
        </Conflict>
      ) : null}
      <Actions isBusy={form.isBusy} onClose={onClose} />
    </Form>
  );
}

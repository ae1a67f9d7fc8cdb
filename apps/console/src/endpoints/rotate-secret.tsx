import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { SelectField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { Command } from '../design/payload.tsx';

const OVERLAPS = [
  { value: 'PT0S', label: 'not at all' },
  { value: 'PT1H', label: 'an hour' },
  { value: 'PT24H', label: '24 hours' },
  { value: 'P7D', label: '7 days' },
] as const;

/** DL-01: a new secret, shown once; the earlier one signs as well for a while. */
export function RotateSecret({ id, isOpen, onClose }: { id: string; isOpen: boolean; onClose: () => void }) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState<string>('PT24H');
  const rotate = useMutation({
    mutationFn: () =>
      bodyOf(api.POST('/v1/endpoints/{id}/secret/rotate', { params: { path: { id } }, body: { overlap } as never })),
    onSuccess: () => queries.invalidateQueries({ queryKey: [appId, 'endpoints', id] }),
  });
  const close = (): void => {
    rotate.reset();
    onClose();
  };
  return (
    <Dialog title="Rotate the secret" isOpen={isOpen} onClose={close} isSticky={rotate.data !== undefined}>
      {rotate.data ? (
        <>
          <p>This is the only time that it is shown. Give it to the receiver now.</p>
          <Command label="New secret" text={rotate.data.newSecret} />
          <DialogActions>
            <Button kind="primary" onPress={close}>
              I have stored it
            </Button>
          </DialogActions>
        </>
      ) : (
        <Form label="Rotate the secret" error={rotate.error} onSubmit={() => rotate.mutate()}>
          <SelectField
            label="The earlier secret signs as well for"
            pointer="/overlap"
            value={overlap}
            onChange={setOverlap}
            options={OVERLAPS}
          />
          <FormError error={rotate.error} />
          <DialogActions>
            <Button onPress={close}>Cancel</Button>
            <Button type="submit" kind="primary" isBusy={rotate.isPending}>
              Rotate
            </Button>
          </DialogActions>
        </Form>
      )}
    </Dialog>
  );
}

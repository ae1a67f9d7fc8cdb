import { useState } from 'react';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { CheckField, SelectField, TextField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { Command } from '../design/payload.tsx';

export const SCOPES = [
  { value: 'automation.view', hint: 'read' },
  { value: 'automation.webhook_run', hint: 'start flows' },
  { value: 'automation.manage', hint: 'change flows and webhooks' },
  { value: 'events.publish', hint: 'publish events' },
  { value: 'automation', hint: 'all of the above' },
  { value: 'admin', hint: 'everything that the user, or the app, may' },
] as const;
export type Scope = (typeof SCOPES)[number]['value'];

export interface TokenRequest {
  note: string;
  scopes: Scope[];
  expiration: number | null;
}

const ENDS = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
  { value: '', label: 'no end' },
];

/** Asks what a new token is for and what it may do. */
export function TokenDialog(props: {
  isOpen: boolean;
  onClose: () => void;
  create: (request: TokenRequest) => Promise<unknown>;
}) {
  const { isOpen, onClose, create } = props;
  const [note, setNote] = useState('');
  const [scopes, setScopes] = useState<readonly Scope[]>(['automation.view']);
  const [days, setDays] = useState('90');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await create({ note, scopes: [...scopes], expiration: days === '' ? null : Number(days) });
      setNote('');
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const toggle = (scope: Scope, isOn: boolean): void =>
    setScopes((now) => (isOn ? [...now, scope] : now.filter((each) => each !== scope)));
  return (
    <Dialog title="New token" isOpen={isOpen} onClose={onClose}>
      <Form onSubmit={() => void submit()} error={error} label="New token">
        <TextField label="What it is for" pointer="/note" value={note} onChange={setNote} />
        <fieldset>
          <legend>It may</legend>
          {SCOPES.map(({ value, hint }) => (
            <CheckField
              key={value}
              label={value}
              hint={hint}
              isOn={scopes.includes(value)}
              onChange={(isOn) => toggle(value, isOn)}
            />
          ))}
        </fieldset>
        <SelectField label="It ends after" pointer="/expiration" value={days} options={ENDS} onChange={setDays} />
        <FormError error={error} />
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            Create token
          </Button>
        </DialogActions>
      </Form>
    </Dialog>
  );
}

/** The token, once. */
export function NewTokenDialog({ token, onClose }: { token: string | null; onClose: () => void }) {
  return (
    <Dialog title="Your token" isOpen={token !== null} onClose={onClose} isSticky>
      {token === null ? null : <Command label="Token" text={token} />}
      <p>
        <strong>This is shown only now.</strong> Copy it and keep it confidential; only its hash is stored.
      </p>
      <DialogActions>
        <Button kind="primary" onPress={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </Dialog>
  );
}

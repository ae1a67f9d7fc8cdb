import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { bodyOf, plainClient } from '../api/client.ts';
import { Button } from '../design/button.tsx';
import { RadioCards, TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { SESSION_KEY } from './session.ts';

type Way = 'password' | 'token';
const WAYS = [
  { value: 'password' as const, label: 'E-mail and password' },
  { value: 'token' as const, label: 'Token' },
];

/** Signs in, and remembers who it is. The cookie is the server's; the token of the answer is not kept anywhere here. */
async function signIn(queries: QueryClient, body: { email: string; password: string } | { token: string }) {
  const { user, id, expiresAt, idleExpiresAt } = await bodyOf(plainClient.POST('/v1/sessions', { body }));
  queries.setQueryData(SESSION_KEY, { user, id, expiresAt, idleExpiresAt });
}

/** By address and password, or by a token of scope `admin`, such as the one that `npm start` prints. */
export function SignInForm({ onDone }: { onDone?: () => void }) {
  const queries = useQueryClient();
  const [way, setWay] = useState<Way>('password');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [token, setToken] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await signIn(queries, way === 'password' ? { email, password } : { token: token.trim() });
      onDone?.();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Form onSubmit={() => void submit()} error={error} label="Sign in">
      <RadioCards label="Sign in with" value={way} onChange={setWay} options={WAYS} />
      {way === 'password' ? (
        <>
          <TextField
            label="E-mail"
            type="email"
            autoComplete="username"
            value={email}
            onChange={setEmail}
            pointer="/email"
          />
          <TextField
            label="Password"
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={setPassword}
            pointer="/password"
          />
        </>
      ) : (
        <TextField
          label="Token"
          type="password"
          isCode
          value={token}
          onChange={setToken}
          pointer="/token"
          hint="The administrator's token that the first start printed, or a personal access token of scope admin."
        />
      )}
      <FormError error={error} />
      <FormActions>
        <Button type="submit" kind="primary" isBusy={isBusy}>
          Sign in
        </Button>
      </FormActions>
    </Form>
  );
}

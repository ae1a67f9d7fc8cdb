import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { CopyButton } from '../design/copy-button.tsx';
import { ConfirmDialog } from '../design/dialog.tsx';
import { Facts, Section } from '../design/page.tsx';
import { curlOf } from '../design/payload.rules.ts';
import { Command } from '../design/payload.tsx';
import { Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';
import { may, useUser } from '../session/session.ts';
import { OneTimeDialog, type Shown } from './one-time-dialog.tsx';
import { useLoadedTrigger } from './trigger.tsx';
import type { Trigger } from './trigger-queries.ts';
import { TestRequest } from './test-request.tsx';
import { UrlAndToken } from './url-and-token.tsx';

const MOST_TOKENS = 2;
const EXAMPLE_BODY = '{"hello": "world"}';

/** A curl without the token, which nobody can show again: `$TOKEN` stands for it. */
function exampleOf({ url, methods, auth }: Trigger): string {
  const method = methods[0] ?? 'POST';
  const proof: Record<string, string> =
    auth.type === 'bearer'
      ? { authorization: 'Bearer $TOKEN' }
      : auth.type === 'header'
        ? { [String(auth.name)]: '$TOKEN' }
        : {};
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const headers = { ...proof, ...(hasBody ? { 'content-type': 'application/json' } : {}) };
  // Double quotes around it, so that a shell puts the token in.
  return curlOf({ method, url, headers, body: hasBody ? EXAMPLE_BODY : undefined }).replaceAll(
    /'([^']*)\$TOKEN'/g,
    '"$1$TOKEN"',
  );
}

/** URL, a curl to copy, tokens. */
export function Component() {
  const { trigger } = useLoadedTrigger();
  const appId = useAppId();
  const isEditor = may(useUser(), 'editor', appId);
  return (
    <>
      <Section title="Address">
        <Facts
          facts={[
            [
              'URL',
              <span key="url">
                <code>{trigger.url}</code> <CopyButton text={trigger.url} what="URL" />
              </span>,
            ],
            ['Methods', trigger.methods.join(', ')],
            [
              'Flow',
              trigger.flowId ? (
                <Link key="flow" to={`/apps/${appId}/flows/${trigger.flowId}`}>
                  {trigger.flowId}
                </Link>
              ) : (
                '–'
              ),
            ],
            ['Proved by', String(trigger.auth.preset ?? trigger.auth.type)],
            ['Order', trigger.ordering ?? 'none'],
            ['Made', <Time key="made" at={trigger.createdAt} />],
          ]}
        />
        <Command label="Call it" text={exampleOf(trigger)} />
      </Section>
      <Section title="Try it">
        <TestRequest trigger={trigger} />
      </Section>
      {trigger.profile === 'flow' && isEditor ? (
        <Section title="URL and token">
          <UrlAndToken triggerId={trigger.id} />
        </Section>
      ) : null}
      <Tokens trigger={trigger} isEditor={isEditor} />
    </>
  );
}

/** Two tokens may live at once: add the new one, tell the sender, revoke the old one. */
function Tokens({ trigger, isEditor }: { trigger: Trigger; isEditor: boolean }) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const { tell, warn } = useToasts();
  const [shown, setShown] = useState<Shown | null>(null);
  const [revoking, setRevoking] = useState<string | null>(null);
  const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: [appId, 'triggers'] });
  const path = { id: trigger.id };
  const add = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/triggers/{id}/tokens', { params: { path } })),
    onSuccess: ({ token, instructions }) => {
      setShown({ url: trigger.url, token, secret: null, curl: instructions.curl ?? null, trigger });
      return refresh();
    },
    onError: warn,
  });
  const revoke = async (tokenId: string): Promise<void> => {
    await bodyOf(api.DELETE('/v1/triggers/{id}/tokens/{tokenId}', { params: { path: { ...path, tokenId } } }));
    tell('The token is revoked.');
    await refresh();
  };
  const canAdd = isEditor && trigger.tokens.length > 0 && trigger.tokens.length < MOST_TOKENS;
  return (
    <Section
      title="Tokens"
      actions={
        canAdd ? (
          <Button isBusy={add.isPending} onPress={() => add.mutate()}>
            Add a second token
          </Button>
        ) : null
      }
    >
      {trigger.tokens.length === 0 ? <p>Callers need no token.</p> : null}
      <ul>
        {trigger.tokens.map((token) => (
          <li key={token.id}>
            <code>{token.id}</code>, made <Time at={token.createdAt} />{' '}
            {isEditor && trigger.tokens.length > 1 ? (
              <Button small kind="danger" aria-label={`Revoke token ${token.id}`} onPress={() => setRevoking(token.id)}>
                Revoke
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      <p>
        Tokens were shown when they were made. To rotate: add a second one, give it to the sender, then revoke the
        first.
      </p>
      <OneTimeDialog shown={shown} onClose={() => setShown(null)} />
      <ConfirmDialog
        title="Revoke this token?"
        action="Revoke"
        isDanger
        isOpen={revoking !== null}
        onClose={() => setRevoking(null)}
        onConfirm={() => revoke(revoking ?? '')}
      >
        Senders that still use it get 401 at once.
      </ConfirmDialog>
    </Section>
  );
}

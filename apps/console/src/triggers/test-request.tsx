import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { unreachable } from '../api/api-error.ts';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Badge } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { may, useUser } from '../session/session.ts';
import { type Callable, exampleBodyOf, runIdOf, testRequestOf, wayOf } from './test-request.rules.ts';

interface TestRequestProps {
  trigger: Callable & { flowId: string | null };
  /** Known only while the dialog that shows it once is open. */
  token?: string | null;
  curl?: string | null;
}

interface Answered {
  status: number;
  text: string;
}

async function send(trigger: Callable, token: string, body: string): Promise<Answered> {
  const { path, init } = testRequestOf(trigger, token, body);
  try {
    const answer = await fetch(path, init);
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    throw unreachable(error);
  }
}

/**
 * Calls the webhook as a sender would, from here: nobody needs a terminal to see it work. Where its token is known to
 * nobody any more, it can be pasted, or the flow is started without the webhook.
 */
export function TestRequest({ trigger, token, curl }: TestRequestProps) {
  const appId = useAppId();
  const isOperator = may(useUser(), 'operator', appId);
  const way = wayOf(trigger);
  const [pasted, setPasted] = useState('');
  const [body, setBody] = useState(() => exampleBodyOf(curl ?? null));
  const call = useMutation({ mutationFn: () => send(trigger, token ?? pasted.trim(), body) });
  const isAsked = way === 'token' && !token;
  return (
    <Form onSubmit={() => call.mutate()} error={call.error} label="Test request">
      <TextField label="Body of the test request" isCode rows={3} value={body} onChange={setBody} />
      {isAsked ? (
        <TextField
          label="Token of the webhook"
          type="password"
          isCode
          value={pasted}
          onChange={setPasted}
          hint="It was shown once and is not kept here. Paste it, or run the flow without the webhook."
        />
      ) : null}
      <FormError error={call.error} />
      <FormActions>
        {way === 'none' ? null : (
          <Button type="submit" isBusy={call.isPending}>
            Send a test request
          </Button>
        )}
        {trigger.flowId !== null && isOperator && (isAsked || way === 'none') ? (
          <RunFlow flowId={trigger.flowId} body={body} />
        ) : null}
      </FormActions>
      {call.data ? <Answer answered={call.data} appId={appId} /> : null}
    </Form>
  );
}

function Answer({ answered: { status, text }, appId }: { answered: Answered; appId: string | null }) {
  const runId = status < 300 ? runIdOf(text) : null;
  return (
    <div role="status">
      <p>
        Answered <Badge tone={status < 300 ? 'good' : 'bad'}>{status}</Badge>{' '}
        {runId ? <Link to={`/apps/${appId}/runs/${runId}`}>See its run</Link> : null}
      </p>
      <Payload label="Answer" value={text} />
    </div>
  );
}

/** With what the webhook would have handed to it. */
function RunFlow({ flowId, body }: { flowId: string; body: string }) {
  const api = useApi();
  const appId = useAppId();
  const run = useMutation({
    mutationFn: async () => {
      const input: unknown = JSON.parse(body);
      return bodyOf(api.POST('/v1/flows/{id}/run', { params: { path: { id: flowId } }, body: { input } }));
    },
  });
  return (
    <>
      <Button isBusy={run.isPending} onPress={() => run.mutate()}>
        Run the flow with this body
      </Button>
      {run.data ? (
        <span role="status">
          Started: <Link to={`/apps/${appId}/runs/${run.data.id}`}>see its run</Link>
        </span>
      ) : null}
      <FormError error={run.error} />
    </>
  );
}

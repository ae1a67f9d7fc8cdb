import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { newEventId } from '../api/event-id.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { CodeField } from '../design/code-field.tsx';
import { TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Section } from '../design/page.tsx';
import type { Schema } from '../flows/flow-schema.rules.ts';

/** The JSON of a text. @throws Error that says where it is none */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The data is no JSON: ${(error as Error).message}`);
  }
}

interface PublishTestProps {
  type: string;
  /** The JSON Schema of its data; null: any. */
  schema: Schema | null;
  sample: unknown;
}

/** Publishes an event of the type with the sample's data, changed as one likes: it goes to everybody who subscribed. */
export function PublishTest({ type, schema, sample }: PublishTestProps) {
  const api = useApi();
  const appId = useAppId();
  const [text, setText] = useState(() => JSON.stringify(sample, null, 2) ?? 'null');
  const [subject, setSubject] = useState('');
  const publish = useMutation({
    mutationFn: async () => {
      const event = {
        specversion: '1.0' as const,
        id: newEventId(),
        source: '/console',
        type,
        ...(subject === '' ? {} : { subject }),
        data: parsed(text),
      };
      const headers = { 'content-type': 'application/cloudevents+json' };
      return bodyOf(api.POST('/v1/events', { body: event as never, headers }));
    },
  });
  return (
    <Section title="Publish a test event">
      <Form label="Publish a test event" error={publish.error} onSubmit={() => publish.mutate()}>
        <CodeField
          label="Data"
          pointer="/data"
          isRequired
          schema={schema ?? {}}
          hint={schema ? 'Completed from the schema of the type.' : 'The type has no schema: any JSON.'}
          value={text}
          onChange={setText}
        />
        <TextField label="Subject" pointer="/subject" isOptional value={subject} onChange={setSubject} />
        <FormError error={publish.error} />
        <FormActions>
          <Button type="submit" kind="primary" isBusy={publish.isPending}>
            Publish
          </Button>
        </FormActions>
      </Form>
      {publish.isSuccess ? (
        <p role="status">
          It was accepted. <Link to={`/apps/${appId}/events`}>See the events</Link>
        </p>
      ) : null}
    </Section>
  );
}

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { CheckField, TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Page, Section } from '../design/page.tsx';

function schemaOf(text: string): Record<string, unknown> | null {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new Error(`The schema is no JSON: ${(error as Error).message}`);
  }
}

/** RG-05: a type of one's own, with or without a schema. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [schema, setSchema] = useState('');
  const [validate, setValidate] = useState(false);
  const save = useMutation({
    mutationFn: async () =>
      bodyOf(api.POST('/v1/event-types', { body: { name, description, schema: schemaOf(schema), validate } as never })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [appId, 'event-types'] });
      void navigate(`/apps/${appId}/event-types/${encodeURIComponent(name)}`);
    },
  });
  return (
    <Page title="Add event type" parent={{ label: 'Event types', to: `/apps/${appId}/event-types` }}>
      <Form label="Event type" error={save.error} onSubmit={() => save.mutate()}>
        <Section title="Event type">
          <TextField
            label="Name"
            pointer="/name"
            isRequired
            isCode
            placeholder="order.placed"
            value={name}
            onChange={setName}
          />
          <TextField
            label="Description"
            pointer="/description"
            isOptional
            value={description}
            onChange={setDescription}
          />
          <TextField
            label="JSON Schema of the data"
            pointer="/schema"
            isOptional
            isCode
            rows={10}
            value={schema}
            onChange={setSchema}
          />
          <CheckField label="Refuse events with other data" isOn={validate} onChange={setValidate} />
        </Section>
        <FormError error={save.error} />
        <FormActions>
          <Button type="submit" kind="primary" isBusy={save.isPending}>
            Save
          </Button>
        </FormActions>
      </Form>
    </Page>
  );
}

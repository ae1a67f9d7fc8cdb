import { type ReactNode, useState } from 'react';
import { Button } from '../design/button.tsx';
import { CodeField } from '../design/code-field.tsx';
import { CheckField, TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Section } from '../design/page.tsx';
import { JSON_SCHEMA } from './json-schema.rules.ts';

/** What is typed: the schema as text, which may be no JSON yet. */
export interface EventTypeDraft {
  name: string;
  description: string;
  schema: string;
  validate: boolean;
}

/** The JSON Schema of a text; null for none. @throws Error that says where it is no JSON */
export function schemaOf(text: string): Record<string, unknown> | null {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new Error(`The schema is no JSON: ${(error as Error).message}`);
  }
}

interface EventTypeFormProps {
  initial: EventTypeDraft;
  isNew: boolean;
  error: unknown;
  isBusy: boolean;
  onSave: (draft: EventTypeDraft) => void;
  /** Below what went wrong: what to do about it. */
  note?: (draft: EventTypeDraft) => ReactNode;
}

/** RG-05: what people write of an event type. Its name is its identity: it stays. */
export function EventTypeForm({ initial, isNew, error, isBusy, onSave, note }: EventTypeFormProps) {
  const [draft, setDraft] = useState(initial);
  const edit = (part: Partial<EventTypeDraft>): void => setDraft((now) => ({ ...now, ...part }));
  return (
    <Form label="Event type" error={error} onSubmit={() => onSave(draft)}>
      <Section title="Event type">
        {isNew ? (
          <TextField
            label="Name"
            pointer="/name"
            isRequired
            isCode
            placeholder="order.placed"
            value={draft.name}
            onChange={(name) => edit({ name })}
          />
        ) : null}
        <TextField
          label="Description"
          pointer="/description"
          isOptional
          value={draft.description}
          onChange={(description) => edit({ description })}
        />
        <CodeField
          label="JSON Schema of the data"
          pointer="/schema"
          schema={JSON_SCHEMA}
          hint="Examples and defaults of its fields make the sample that test events begin with."
          value={draft.schema}
          onChange={(schema) => edit({ schema })}
        />
        <CheckField
          label="Refuse events with other data"
          isOn={draft.validate}
          onChange={(validate) => edit({ validate })}
        />
      </Section>
      <FormError error={error} />
      {note?.(draft)}
      <FormActions>
        <Button type="submit" kind="primary" isBusy={isBusy}>
          Save
        </Button>
      </FormActions>
    </Form>
  );
}

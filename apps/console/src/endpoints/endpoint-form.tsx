import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useApi, useAppId } from '../api/use-api.ts';
import { bodyOf } from '../api/client.ts';
import { Button } from '../design/button.tsx';
import { CheckField, SelectField, TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Section } from '../design/page.tsx';
import type { EndpointDraft } from './endpoint-draft.rules.ts';
import { HeaderFields } from './header-fields.tsx';
import { TestBeforeSave } from './test-before-save.tsx';

type Change = (change: Partial<EndpointDraft>) => void;
interface PartProps {
  draft: EndpointDraft;
  change: Change;
}

const SCHEDULE_HINT = 'The delay before each attempt, such as PT0S, PT5S, PT5M. Empty: eight attempts in 28 hours.';

function Basics({ draft, change }: PartProps) {
  return (
    <Section title="Where it goes">
      <TextField label="Name" pointer="/name" isRequired value={draft.name} onChange={(name) => change({ name })} />
      <TextField
        label="Description"
        pointer="/description"
        isOptional
        value={draft.description}
        onChange={(description) => change({ description })}
      />
      <TextField
        label="Endpoint URL"
        pointer="/url"
        type="url"
        isRequired
        isCode
        placeholder="https://example.org/hook"
        hint="Must be reachable over the public internet."
        value={draft.url}
        onChange={(url) => change({ url })}
      />
      <CheckField
        label="Enabled"
        hint="Disabled: nothing is sent, and nothing is kept for later."
        isOn={draft.enabled}
        onChange={(enabled) => change({ enabled })}
      />
    </Section>
  );
}

/** The types of the catalogue, to add one by its name. */
function TypePicker({ onPick }: { onPick: (name: string) => void }) {
  const api = useApi();
  const appId = useAppId();
  const types = useQuery({
    queryKey: [appId, 'event-types', 'all'],
    queryFn: () => bodyOf(api.GET('/v1/event-types', { params: { query: { limit: 200 } } })),
  });
  const options = (types.data?.items ?? []).map(({ name }) => ({ value: name, label: name }));
  return (
    <SelectField
      label="Add an event type"
      value=""
      source={types}
      onChange={(name) => (name === '' ? undefined : onPick(name))}
      options={[{ value: '', label: 'Choose …' }, ...options]}
    />
  );
}

function Subscription({ draft, change }: PartProps) {
  const add = (name: string): void =>
    change({ events: [...new Set([...draft.events.split('\n').filter(Boolean), name])].join('\n') });
  return (
    <Section title="Which events">
      <CheckField
        label="All events"
        hint="Also types that are added later."
        isOn={draft.isAll}
        onChange={(isAll) => change({ isAll })}
      />
      {draft.isAll ? null : (
        <>
          <TextField
            label="Event types"
            pointer="/events"
            rows={4}
            isCode
            hint="One a line; order.* is everything below it."
            value={draft.events}
            onChange={(events) => change({ events })}
          />
          <TypePicker onPick={add} />
        </>
      )}
      <TextField
        label="Filter"
        pointer="/filter"
        isOptional
        isCode
        placeholder="event.data.total > 100"
        hint="An expression over event: only events for which it is true are sent."
        value={draft.filter}
        onChange={(filter) => change({ filter })}
      />
    </Section>
  );
}

function Shape({ draft, change }: PartProps) {
  return (
    <Section title="What is sent">
      <SelectField
        label="Method"
        pointer="/method"
        value={draft.method}
        onChange={(method) => change({ method })}
        options={[
          { value: 'POST', label: 'POST' },
          { value: 'GET', label: 'GET (no body, only headers)' },
        ]}
      />
      <SelectField
        label="Format"
        pointer="/format"
        value={draft.format}
        onChange={(format) => change({ format })}
        options={[
          { value: 'etl', label: 'Etlworks (eventId, eventType, entity …)' },
          { value: 'standard', label: 'Standard Webhooks (type, timestamp, data)' },
          { value: 'cloudevents', label: 'CloudEvents' },
        ]}
      />
      <SelectField
        label="Content type"
        pointer="/contentType"
        value={draft.contentType}
        onChange={(contentType) => change({ contentType })}
        options={[
          { value: 'application/json', label: 'application/json' },
          { value: 'application/x-www-form-urlencoded', label: 'application/x-www-form-urlencoded' },
        ]}
      />
      <CheckField
        label="Include the entity"
        hint="The data of what the event is about."
        isOn={draft.includeEntity}
        onChange={(includeEntity) => change({ includeEntity })}
      />
      <TextField
        label="Transformation"
        pointer="/transform"
        isOptional
        isCode
        rows={3}
        placeholder={'{{ {"text": "Order " ~ event.subject} }}'}
        hint="A template over event whose result is the whole body."
        value={draft.transform}
        onChange={(transform) => change({ transform })}
      />
    </Section>
  );
}

function Security({ draft, change }: PartProps) {
  return (
    <Section title="Credentials and headers">
      <TextField
        label="Secret"
        pointer="/secret"
        isOptional
        isCode
        type="password"
        autoComplete="new-password"
        hint="Signs what is sent. Without one nothing is signed. Shown masked once saved."
        value={draft.secret}
        onChange={(secret) => change({ secret })}
      />
      <TextField
        label="User"
        pointer="/basicUser"
        isOptional
        value={draft.basicUser}
        onChange={(basicUser) => change({ basicUser })}
      />
      <TextField
        label="Password"
        pointer="/basicPass"
        isOptional
        type="password"
        autoComplete="new-password"
        value={draft.basicPass}
        onChange={(basicPass) => change({ basicPass })}
      />
      <HeaderFields headers={draft.headers} onChange={(headers) => change({ headers })} />
    </Section>
  );
}

function Pace({ draft, change }: PartProps) {
  return (
    <Section title="How it is sent">
      <TextField
        label="Retry schedule"
        pointer="/retry"
        isOptional
        isCode
        hint={SCHEDULE_HINT}
        value={draft.schedule}
        onChange={(schedule) => change({ schedule })}
      />
      <TextField
        label="Requests a second"
        pointer="/rateLimit"
        isOptional
        hint="At most; empty: no limit."
        value={draft.rateLimit}
        onChange={(rateLimit) => change({ rateLimit })}
      />
      <TextField
        label="Requests at a time"
        pointer="/concurrency"
        value={draft.concurrency}
        onChange={(concurrency) => change({ concurrency })}
      />
      <TextField
        label="Order"
        pointer="/ordering"
        isOptional
        isCode
        placeholder="event.subject"
        hint="endpoint, or an expression over event: deliveries of one key go one after another."
        value={draft.ordering}
        onChange={(ordering) => change({ ordering })}
      />
    </Section>
  );
}

interface EndpointFormProps {
  initial: EndpointDraft;
  /** Null for one that is not saved yet. */
  savedId: number | null;
  onSave: (draft: EndpointDraft) => void;
  error: unknown;
  isBusy: boolean;
  /** Above the fields: the choice of the type. */
  children?: ReactNode;
  /** Below what went wrong: what to do about it. */
  note?: (draft: EndpointDraft) => ReactNode;
}

/** ET-02, LU-01: all the fields that the type has, Test before Save. */
export function EndpointForm({ initial, savedId, onSave, error, isBusy, children, note }: EndpointFormProps) {
  const [typed, setTyped] = useState<Partial<EndpointDraft>>({});
  const draft = { ...initial, ...typed };
  const change: Change = (more) => setTyped((now) => ({ ...now, ...more }));
  const parts = { draft, change };
  const isEvent = draft.type === 'event';
  return (
    <Form label="Outbound webhook" onSubmit={() => onSave(draft)} error={error}>
      {children}
      <Basics {...parts} />
      {isEvent ? <Subscription {...parts} /> : null}
      {isEvent ? <Shape {...parts} /> : null}
      <Security {...parts} />
      {isEvent ? <Pace {...parts} /> : null}
      <TestBeforeSave draft={draft} savedId={savedId} />
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

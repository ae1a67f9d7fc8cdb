import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { useEndpointOptions } from '../deliveries/deliveries.tsx';
import { Button } from '../design/button.tsx';
import { SelectField, TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Page, Section } from '../design/page.tsx';

const STATUSES = [
  { value: '', label: 'Whatever became of it' },
  { value: 'failed', label: 'Failed' },
  { value: 'succeeded', label: 'Succeeded' },
  { value: 'discarded', label: 'Discarded' },
  { value: 'missing', label: 'Missing: it was never sent there' },
];

interface Wish {
  endpointId: string;
  status: string;
  eventType: string;
  since: string;
  until: string;
  filter: string;
}

const orNull = (text: string): string | null => (text.trim() === '' ? null : text);
const instantOf = (local: string): string | null =>
  local === '' ? null : Number.isNaN(Date.parse(local)) ? local : new Date(local).toISOString();

function queryOf(wish: Wish) {
  const types = wish.eventType.split(/[\s,]+/).filter(Boolean);
  return {
    endpointId: orNull(wish.endpointId),
    status: wish.status === '' ? null : [wish.status as 'failed'],
    eventTypes: types.length === 0 ? null : types,
    since: instantOf(wish.since),
    until: instantOf(wish.until),
    filter: orNull(wish.filter),
  };
}

/** DL-06: a replay by query; the address fills the form in. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const navigate = useNavigate();
  const endpoints = useEndpointOptions();
  const [params] = useSearchParams();
  const given = (name: string): string => params.get(name) ?? '';
  const [wish, setWish] = useState<Wish>(() => ({
    endpointId: given('endpointId'),
    status: STATUSES.some(({ value }) => value === given('status')) ? given('status') : '',
    eventType: given('eventType'),
    since: given('since'),
    until: given('until'),
    filter: '',
  }));
  const change = (more: Partial<Wish>): void => setWish((now) => ({ ...now, ...more }));
  const start = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/replays', { body: queryOf(wish) })),
    onSuccess: ({ replayId }) => void navigate(`/apps/${appId}/replays/${replayId}`),
  });
  return (
    <Page
      title="Replay events"
      about="Sends events again, with the same ids. What is on its way is left alone."
      parent={{ label: 'Replays', to: `/apps/${appId}/replays` }}
    >
      <Form label="Replay" error={start.error} onSubmit={() => start.mutate()}>
        <Section title="Which events">
          <SelectField
            label="Webhook"
            pointer="/endpointId"
            value={wish.endpointId}
            onChange={(endpointId) => change({ endpointId })}
            options={[{ value: '', label: 'All that are enabled' }, ...endpoints.options]}
            source={endpoints.source}
          />
          <SelectField
            label="What became of it"
            pointer="/status"
            value={wish.status}
            onChange={(status) => change({ status })}
            options={STATUSES}
          />
          <TextField
            label="Event types"
            pointer="/eventTypes"
            isOptional
            isCode
            placeholder="order.*"
            value={wish.eventType}
            onChange={(eventType) => change({ eventType })}
          />
          <TextField
            label="Since"
            pointer="/since"
            isOptional
            type="datetime-local"
            value={wish.since}
            onChange={(since) => change({ since })}
          />
          <TextField
            label="Until"
            pointer="/until"
            isOptional
            type="datetime-local"
            value={wish.until}
            onChange={(until) => change({ until })}
          />
          <TextField
            label="Filter"
            pointer="/filter"
            isOptional
            isCode
            placeholder="event.data.total > 100"
            value={wish.filter}
            onChange={(filter) => change({ filter })}
          />
        </Section>
        <FormError error={start.error} />
        <FormActions>
          <Button type="submit" kind="primary" isBusy={start.isPending}>
            Replay
          </Button>
        </FormActions>
      </Form>
    </Page>
  );
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { SelectField, TextField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { Section } from '../design/page.tsx';
import { FlowUrlAndToken } from '../triggers/url-and-token.tsx';
import { type FlowDocument, isObject } from './flow-document.rules.ts';
import styles from './flows.module.css';

interface SettingsProps {
  flowId: string;
  document: FlowDocument;
  isOpen: boolean;
  isReadOnly: boolean;
  onClose: () => void;
  onChange: (document: FlowDocument) => void;
}

const MODES = [
  { value: '', label: 'as its webhook says' },
  { value: 'sync', label: 'sync: the caller waits for the end' },
  { value: 'async', label: 'async: the caller is answered at once' },
];

function hasWebhookStep(document: FlowDocument): boolean {
  const [first] = Array.isArray(document.steps) ? (document.steps as unknown[]) : [];
  return isObject(first) && first.type === 'webhook';
}

/** URL and token of the webhook step, at any time (LC-03); made here when the flow has none yet. */
function WebhookOfFlow({ flowId }: { flowId: string }) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const key = [appId, 'triggers', { flowId, all: true }];
  const all = useQuery({
    queryKey: key,
    queryFn: async () => (await bodyOf(api.GET('/v1/triggers', { params: { query: { flowId, limit: 200 } } }))).items,
  });
  const create = useMutation({
    mutationFn: () =>
      bodyOf(api.POST('/v1/triggers', { body: { flowId, name: 'Webhook step', profile: 'flow' } as never })),
    onSuccess: () => queries.invalidateQueries({ queryKey: key }),
  });
  const isMissing = all.data !== undefined && !all.data.some(({ profile }) => profile === 'flow');
  return (
    <Section title="URL and token of the webhook step">
      <FlowUrlAndToken flowId={flowId} />
      <FormError error={create.error} />
      {isMissing ? (
        <Button kind="primary" isBusy={create.isPending} onPress={() => create.mutate()}>
          Make URL and token
        </Button>
      ) : null}
    </Section>
  );
}

interface Schedule extends Record<string, unknown> {
  cron: string;
}

const schedulesOf = (document: FlowDocument): Schedule[] =>
  (Array.isArray(document.schedules) ? (document.schedules as unknown[]) : []).filter(
    (each): each is Schedule => isObject(each) && typeof each.cron === 'string',
  );

/** When the published version is run by itself (FL-08); the input of each stays what the text says. */
function Schedules({ all, onChange }: { all: readonly Schedule[]; onChange: (next: Schedule[]) => void }) {
  const put = (at: number, change: Partial<Schedule>): void =>
    onChange(all.map((each, index) => (index === at ? { ...each, ...change } : each)));
  return (
    <fieldset className={styles.schedules}>
      <legend>Schedules</legend>
      {all.map((schedule, at) => (
        <div key={at} className={styles.schedule}>
          <TextField
            label={`Schedule ${at + 1}: cron`}
            hint="minute hour day month weekday"
            isCode
            value={schedule.cron}
            onChange={(cron) => put(at, { cron })}
          />
          <TextField
            label={`Schedule ${at + 1}: time zone`}
            isOptional
            placeholder="UTC"
            value={typeof schedule.timeZone === 'string' ? schedule.timeZone : ''}
            onChange={(timeZone) => put(at, { timeZone })}
          />
          <Button small onPress={() => onChange(all.filter((_each, index) => index !== at))}>
            Remove schedule {at + 1}
          </Button>
        </div>
      ))}
      <Button
        small
        onPress={() =>
          onChange([...all, { cron: '0 9 * * 1-5', timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone }])
        }
      >
        Add a schedule
      </Button>
    </fieldset>
  );
}

/** Without what is empty: an empty time zone is none. */
const written = (all: readonly Schedule[]): Schedule[] =>
  all.map(
    ({ timeZone, ...rest }) =>
      (typeof timeZone === 'string' && timeZone !== '' ? { ...rest, timeZone } : rest) as Schedule,
  );

function SettingsForm({ flowId, document, isReadOnly, onClose, onChange }: Omit<SettingsProps, 'isOpen'>) {
  const response = isObject(document.response) ? document.response : {};
  const [name, setName] = useState(String(document.name ?? ''));
  const [mode, setMode] = useState(typeof response.mode === 'string' ? response.mode : '');
  const [status, setStatus] = useState(response.status === undefined ? '' : String(response.status));
  const [body, setBody] = useState(
    response.body === undefined
      ? ''
      : typeof response.body === 'string'
        ? response.body
        : JSON.stringify(response.body, null, 2),
  );
  const [schedules, setSchedules] = useState(() => schedulesOf(document));
  const submit = (): void => {
    const kept =
      body === ''
        ? {}
        : {
            body:
              typeof response.body === 'string' || body !== JSON.stringify(response.body, null, 2)
                ? body
                : response.body,
          };
    const next = { ...(mode === '' ? {} : { mode }), ...(status === '' ? {} : { status }), ...kept };
    const { response: _old, schedules: _times, ...others } = document;
    onChange({
      ...others,
      name,
      ...(schedules.length === 0 ? {} : { schedules: written(schedules) }),
      ...(Object.keys(next).length === 0 ? {} : { response: next }),
    });
    onClose();
  };
  return (
    <>
      {hasWebhookStep(document) ? <WebhookOfFlow flowId={flowId} /> : null}
      <Form error={null} onSubmit={submit} label="Settings of the flow">
        <TextField label="Name" value={name} onChange={setName} isReadOnly={isReadOnly} />
        <SelectField label="Answer" value={mode} onChange={setMode} options={MODES} />
        <TextField
          label="Status of the answer"
          isOptional
          hint="200 to 599, or a template"
          value={status}
          onChange={setStatus}
        />
        <TextField
          label="Body of the answer"
          isOptional
          isCode
          rows={4}
          hint="text with templates; what is JSON is sent as JSON"
          value={body}
          onChange={setBody}
        />
        <Schedules all={schedules} onChange={setSchedules} />
        <DialogActions>
          <Button onPress={onClose}>Close</Button>
          {isReadOnly ? null : (
            <Button kind="primary" type="submit">
              Apply
            </Button>
          )}
        </DialogActions>
      </Form>
    </>
  );
}

/** The "Edit settings" box of a flow (LC-03, LC-16). What is applied is saved with the flow. */
export function SettingsDialog({ isOpen, ...rest }: SettingsProps) {
  return (
    <Dialog title="Edit settings" isOpen={isOpen} onClose={rest.onClose} isWide>
      <SettingsForm {...rest} />
    </Dialog>
  );
}

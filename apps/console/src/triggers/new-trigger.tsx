import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useAppId } from '../api/use-api.ts';
import { Button, LinkButton } from '../design/button.tsx';
import { SelectField, TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Page } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { useFilter } from '../design/use-filter.ts';
import { OneTimeDialog, type Shown } from './one-time-dialog.tsx';
import { creationOf, NEW_DRAFT, type TriggerDraft } from './trigger-draft.rules.ts';
import { AuthField, MoreFields, ProfileField } from './trigger-fields.tsx';
import { useCreateTrigger, useFlowChoice } from './trigger-queries.ts';

/** Makes a webhook for a flow, then shows its token once. `?flowId=` chooses the flow beforehand. */
export function Component() {
  const appId = useAppId();
  const [flowId] = useFilter('flowId');
  const flows = useFlowChoice();
  return (
    <Page title="New webhook" parent={{ label: 'Inbound webhooks', to: `/apps/${appId}/triggers` }}>
      <QueryView query={flows}>
        {(all) =>
          all.length === 0 ? (
            <Empty
              title="There is no flow to start yet"
              action={
                <LinkButton kind="primary" to={`/apps/${appId}/flows`}>
                  Go to flows
                </LinkButton>
              }
            >
              A webhook starts a flow. Make the flow first.
            </Empty>
          ) : (
            <NewTriggerForm flows={all} initial={flowId || (all[0]?.id ?? '')} />
          )
        }
      </QueryView>
    </Page>
  );
}

function NewTriggerForm({ flows, initial }: { flows: readonly { id: string; name: string }[]; initial: string }) {
  const appId = useAppId();
  const navigate = useNavigate();
  const create = useCreateTrigger();
  const [draft, setDraft] = useState<TriggerDraft>({ ...NEW_DRAFT, flowId: initial });
  const [problem, setProblem] = useState<unknown>(null);
  const [made, setMade] = useState<{ id: string; shown: Shown } | null>(null);
  const change = (part: Partial<TriggerDraft>): void => setDraft((now) => ({ ...now, ...part }));
  const submit = async (): Promise<void> => {
    setProblem(null);
    try {
      const trigger = await create.mutateAsync(creationOf(draft));
      const { id, url, token, secret, instructions } = trigger;
      setMade({ id, shown: { url, token, secret, curl: instructions.curl ?? null, trigger } });
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <>
      <Form onSubmit={() => void submit()} error={problem} label="New webhook">
        <TextField label="Name" pointer="/name" isRequired value={draft.name} onChange={(name) => change({ name })} />
        <SelectField
          label="Flow"
          pointer="/flowId"
          value={draft.flowId}
          options={flows.map((flow) => ({ value: flow.id, label: flow.name }))}
          onChange={(chosen) => change({ flowId: chosen })}
        />
        <ProfileField draft={draft} onChange={change} />
        <AuthField draft={draft} onChange={change} />
        <details>
          <summary>More settings</summary>
          <MoreFields draft={draft} onChange={change} />
        </details>
        <FormError error={problem} />
        <FormActions>
          <Button type="submit" kind="primary" isBusy={create.isPending}>
            Create webhook
          </Button>
          <LinkButton to={`/apps/${appId}/triggers`}>Cancel</LinkButton>
        </FormActions>
      </Form>
      <OneTimeDialog
        shown={made?.shown ?? null}
        onClose={() => void navigate(`/apps/${appId}/triggers/${made?.id ?? ''}`)}
      />
    </>
  );
}

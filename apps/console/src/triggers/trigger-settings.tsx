import { useState } from 'react';
import { isApiError } from '../api/client.ts';
import { Button } from '../design/button.tsx';
import { TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Section } from '../design/page.tsx';
import { useToasts } from '../design/toasts.tsx';
import { DiffView } from '../flows/diff-view.tsx';
import { changeOf, draftOf, type TriggerDraft } from './trigger-draft.rules.ts';
import { AuthField, MoreFields } from './trigger-fields.tsx';
import { useLoadedTrigger } from './trigger.tsx';
import { useChangeTrigger } from './trigger-queries.ts';

/** Without what authenticates: it is told nobody, also not who has just typed it. */
function linesOf(draft: TriggerDraft): string {
  const { auth: _, ...shown } = changeOf(draft);
  return `${JSON.stringify(shown, null, 2)}\n`;
}

/** What can be changed of a webhook. What was typed stays when saving fails, also when somebody else was faster. */
export function Component() {
  const { trigger, etag } = useLoadedTrigger();
  const { tell } = useToasts();
  const change = useChangeTrigger(trigger.id);
  const [tag, setTag] = useState(etag);
  const [draft, setDraft] = useState(() => draftOf(trigger));
  const [problem, setProblem] = useState<unknown>(null);
  const [mine, setMine] = useState('');
  const edit = (part: Partial<TriggerDraft>): void => setDraft((now) => ({ ...now, ...part }));
  const isStale = isApiError(problem) && problem.status === 412;
  const save = async (with_: string | null): Promise<void> => {
    setProblem(null);
    try {
      const saved = await change.mutateAsync({ body: changeOf(draft), etag: with_ });
      setTag(saved.etag);
      tell('Saved.');
    } catch (error) {
      if (isApiError(error) && error.status === 412) setMine(linesOf(draft));
      setProblem(error);
    }
  };
  return (
    <Section title="Settings">
      <Form onSubmit={() => void save(tag)} error={problem} label="Settings of the webhook">
        <TextField label="Name" pointer="/name" value={draft.name} onChange={(name) => edit({ name })} />
        <AuthField draft={draft} onChange={edit} isStored />
        <MoreFields draft={draft} onChange={edit} />
        <FormError error={problem} />
        {isStale ? (
          <>
            <p>
              Somebody else changed this webhook after you opened it. It is now called “{trigger.name}”. Saving anyway
              replaces their values by yours. Lines with − are theirs alone, lines with + are yours alone.
            </p>
            <DiffView from={linesOf(draftOf(trigger))} to={mine} label="Theirs against yours" />
          </>
        ) : null}
        <FormActions>
          <Button type="submit" kind="primary" isBusy={change.isPending}>
            Save
          </Button>
          {isStale ? <Button onPress={() => void save(etag)}>Save anyway</Button> : null}
        </FormActions>
      </Form>
    </Section>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useBlocker, useParams } from 'react-router';
import { ApiError } from '../api/api-error.ts';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { SelectField } from '../design/field.tsx';
import { Form, FormError } from '../design/form.tsx';
import { Badge, Page, Section } from '../design/page.tsx';
import { QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useFilter } from '../design/use-filter.ts';
import { may, useUser } from '../session/session.ts';
import { Builder } from './builder.tsx';
import { CodePane } from './code-pane.tsx';
import { ConflictDialog } from './conflict-dialog.tsx';
import { FlowActions } from './flow-actions.tsx';
import type { Schema, StepKind } from './flow-schema.rules.ts';
import type { TextFormat } from './flow-text.rules.ts';
import styles from './flows.module.css';
import { StepPalette } from './palette.tsx';
import { SettingsDialog } from './settings-dialog.tsx';
import { StepForm } from './step-form.tsx';
import { firstInput } from './test-input.tsx';
import { TestPanel } from './test-panel.tsx';
import { useBuilderState } from './use-builder.ts';
import { type SavedFlow, useFlow, useFlowSchema } from './use-flow.ts';
import { type FlowDraft, useFlowDraft } from './use-flow-draft.ts';
import { useTestRun } from './use-test-run.ts';

const FORMATS = [
  { value: 'yaml', label: 'YAML' },
  { value: 'json', label: 'JSON' },
] as const;

const NEXT_RUN_MS = 30_000;

/** Asks before what was written and not saved is left behind. */
function LeaveGuard({ isDirty }: { isDirty: boolean }) {
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => isDirty && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    if (!isDirty) return undefined;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [isDirty]);
  return (
    <Dialog title="Leave without saving?" isOpen={blocker.state === 'blocked'} onClose={() => blocker.reset?.()}>
      <p>What you wrote in this flow is not saved.</p>
      <DialogActions>
        <Button onPress={() => blocker.reset?.()} autoFocus>
          Stay
        </Button>
        <Button kind="danger" onPress={() => blocker.proceed?.()}>
          Leave
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function useTest(draft: FlowDraft) {
  const [input, setInput] = useState(() => firstInput(draft.base.view.id));
  const [problem, setProblem] = useState<string | null>(null);
  const test = useTestRun(draft.base.view.id, draft.document);
  const begin = async (step?: string): Promise<void> => {
    let value: unknown;
    try {
      value = JSON.parse(input) as unknown;
      setProblem(null);
    } catch (error) {
      return setProblem(`This is not JSON: ${(error as Error).message}`);
    }
    // Why it could not be saved is told where saving tells it.
    const isSaved =
      !draft.isDirty ||
      (await draft.save.mutateAsync(undefined).then(
        () => true,
        () => false,
      ));
    if (isSaved) test.start.mutate({ input: value, ...(step === undefined ? {} : { step }) });
  };
  return { test, input, setInput, problem, begin: (step?: string): void => void begin(step) };
}

/** Of the published version and of listeners' crons (FL-08); nothing while the clock starts nothing. */
function NextRun({ flowId }: { flowId: string }) {
  const api = useApi();
  const { data } = useQuery({
    queryKey: [useAppId(), 'schedules', flowId],
    queryFn: () => bodyOf(api.GET('/v1/schedules', { params: { query: { flowId, limit: 1 } } })),
    refetchInterval: NEXT_RUN_MS,
  });
  const nextAt = data?.items[0]?.nextAt;
  return nextAt ? (
    <>
      {' '}
      · next run <Time at={nextAt} />
    </>
  ) : null;
}

function About({ draft }: { draft: FlowDraft }) {
  const { id, status, version, publishedVersion } = draft.base.view;
  const tone = status === 'active' ? 'good' : status === 'paused' ? 'warn' : 'plain';
  const published = publishedVersion === null ? 'none published' : `version ${publishedVersion} runs`;
  return (
    <>
      <Badge tone={tone}>{status}</Badge> version {version}, {published}
      {status === 'active' ? <NextRun flowId={id} /> : null}
      {draft.isDirty ? ' · not saved' : ''}
    </>
  );
}

function Editor({ saved, schema, kinds }: { saved: SavedFlow; schema: Schema; kinds: readonly StepKind[] }) {
  const appId = useAppId() ?? '';
  // Who may change a flow may test it: editors are operators too.
  const isReadOnly = !may(useUser(), 'editor', appId);
  const draft = useFlowDraft(saved, !isReadOnly);
  const builder = useBuilderState(draft.document, draft.edit);
  const { test, input, setInput, problem, begin } = useTest(draft);
  const [format, setFormat] = useFilter('format', 'yaml');
  const [isSettings, setSettings] = useState(false);
  const { step, selected } = builder;
  const type = typeof step?.type === 'string' ? step.type : '';
  const isTopLevel = selected !== null && /^\/steps\/\d+$/.test(selected);
  const isBusy = test.start.isPending || draft.save.isPending;
  const refused = draft.problems.length > 0 ? new ApiError(422, { errors: [...draft.problems] }) : null;
  const text = format === 'json' ? 'json' : ('yaml' satisfies TextFormat);
  return (
    <Page
      title={String(draft.base.view.name)}
      parent={{ label: 'Flows', to: `/apps/${appId}/flows` }}
      about={<About draft={draft} />}
      actions={<FlowActions draft={draft} onSettings={() => setSettings(true)} />}
    >
      {draft.conflict === null ? <FormError error={draft.save.error} /> : null}
      {isReadOnly ? null : <StepPalette kinds={kinds} onDrag={builder.setDragged} onAdd={builder.addSomewhere} />}
      {builder.refusal ? (
        <p role="alert" className={styles.refused}>
          {builder.refusal}
        </p>
      ) : null}
      <p role="status" className={styles.said}>
        {builder.told}
      </p>
      <div className={styles.editor}>
        <Builder
          document={draft.document}
          problems={draft.problems}
          isReadOnly={isReadOnly}
          selected={selected}
          gap={builder.gap}
          dragged={builder.dragged}
          outcomes={test.outcomes}
          onSelect={builder.select}
          onGap={builder.choose}
          onDrag={builder.setDragged}
          onDrop={builder.drop}
          onMove={builder.move}
          onRemove={builder.remove}
        />
        <div className={styles.side}>
          <SelectField label="Text" value={text} onChange={setFormat} options={FORMATS} />
          <CodePane
            flowId={saved.view.id}
            saved={draft.base.etag}
            document={draft.document}
            format={text}
            schema={schema}
            problems={draft.problems}
            isReadOnly={isReadOnly}
            onText={draft.onText}
          />
        </div>
      </div>
      {draft.unread ? (
        <p role="alert" className={styles.refused}>
          The text cannot be read, so the picture shows how the flow was before: {draft.unread}
        </p>
      ) : null}
      <Problems draft={draft} />
      <div className={styles.editor}>
        <Form error={refused} onSubmit={() => draft.save.mutate(undefined)} label="The chosen step">
          {step && selected !== null ? (
            <StepForm
              key={selected}
              step={step}
              pointer={selected}
              kind={kinds.find((kind) => kind.type === type)}
              isReadOnly={isReadOnly}
              onChange={builder.change}
              onMove={(by) => builder.move(selected, by)}
              onRemove={() => builder.remove(selected)}
              onTest={isTopLevel && type !== 'webhook' ? () => begin(String(step.ref)) : null}
              isTesting={isBusy}
            />
          ) : (
            <Section title="No step is chosen">Choose a step in the picture, or add one from the palette.</Section>
          )}
        </Form>
        {isReadOnly ? null : (
          <TestPanel
            flowId={saved.view.id}
            test={test}
            input={input}
            onInput={setInput}
            problem={problem}
            chosen={step ? String(step.ref) : null}
            isBusy={isBusy}
            onTest={() => begin()}
          />
        )}
      </div>
      <SettingsDialog
        flowId={saved.view.id}
        document={draft.document}
        isOpen={isSettings}
        isReadOnly={isReadOnly}
        onClose={() => setSettings(false)}
        onChange={draft.edit}
      />
      <ConflictDialog draft={draft} />
      <LeaveGuard isDirty={draft.isDirty} />
    </Page>
  );
}

/** What the server would refuse, while it is written: with what is meant, where it can guess. */
function Problems({ draft }: { draft: FlowDraft }) {
  if (draft.problems.length === 0) return null;
  return (
    <div role="status" className={styles.refused} aria-label="Problems of the flow">
      <strong>Cannot be saved yet:</strong>
      <ul>
        {draft.problems.map(({ pointer, message }) => (
          <li key={`${pointer} ${message}`}>
            <code>{pointer || '/'}</code> {message}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A flow as picture and text side by side: edited, tested, published (CO-01, LC-16). */
export function Component() {
  const { flowId = '' } = useParams();
  const flow = useFlow(flowId);
  const schema = useFlowSchema();
  return (
    <QueryView query={flow}>
      {(saved) => (
        <QueryView query={schema}>
          {(language) => <Editor key={saved.view.id} saved={saved} schema={language.schema} kinds={language.kinds} />}
        </QueryView>
      )}
    </QueryView>
  );
}

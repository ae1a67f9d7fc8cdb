import { useState } from 'react';
import { Link } from 'react-router';
import { useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Section } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { StatusBadge } from '../runs/run-status.tsx';
import { CapturedInput, LastInput, PinInput } from './test-input.tsx';
import type { TestRun } from './use-test-run.ts';

interface TestPanelProps {
  flowId: string;
  test: TestRun;
  input: string;
  onInput: (text: string) => void;
  problem: string | null;
  /** The step whose output is shown; all of them where none is chosen. */
  chosen: string | null;
  isBusy: boolean;
  onTest: () => void;
}

/** Runs the draft with an input; what each step put out stands beside the steps. */
export function TestPanel({ flowId, test, input, onInput, problem, chosen, isBusy, onTest }: TestPanelProps) {
  const appId = useAppId() ?? '';
  const [isAll, setAll] = useState(false);
  const steps = (test.run?.steps ?? []).filter(({ ref }) => isAll || chosen === null || ref === chosen);
  return (
    <Section title="Test the draft">
      <p>
        The steps are run in earnest: calls are made and events are emitted. What is written is saved first, and not
        published.
      </p>
      <Form error={test.start.error} onSubmit={onTest} label="Test the draft">
        <TextField label="Input" pointer="/input" isCode rows={4} value={input} onChange={onInput} problem={problem} />
        <FormError error={test.start.error} />
        <FormActions>
          <Button type="submit" isBusy={isBusy}>
            Run the draft
          </Button>
          <LastInput flowId={flowId} onInput={onInput} />
          <CapturedInput flowId={flowId} onInput={onInput} />
          <PinInput flowId={flowId} input={input} />
        </FormActions>
      </Form>
      {test.run ? (
        <div role="group" aria-label="What the test gave">
          <p role="status">
            <StatusBadge status={test.run.status} /> <Link to={`/apps/${appId}/runs/${test.run.id}`}>Open the run</Link>
            {test.run.error ? ` ${test.run.error.code}: ${test.run.error.message}` : ''}
          </p>
          {chosen === null ? null : (
            <Button small onPress={() => setAll(!isAll)}>
              {isAll ? 'The chosen step alone' : 'All steps'}
            </Button>
          )}
          {steps.slice(0, 50).map((step) => (
            <Payload
              key={step.path ?? step.ref}
              label={`${step.path ?? step.ref}: ${step.error ? 'error' : 'output'}`}
              value={step.error ?? step.output}
            />
          ))}
        </div>
      ) : null}
    </Section>
  );
}

import { Button as TipTrigger, Tooltip, TooltipTrigger } from 'react-aria-components';
import { allSteps, type FlowDocument, isObject, type Step } from '../flows/flow-document.rules.ts';
import { type TemplateValue, templateValues } from '../flows/template-values.rules.ts';
import { useAppId } from '../api/use-api.ts';
import { Facts, Section } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { readable, visible } from '../design/payload.rules.ts';
import { duration, Time } from '../design/time.tsx';
import { StatusBadge } from './run-status.tsx';
import styles from './runs.module.css';
import type { Run, RunStep } from './use-runs.ts';

interface FileReference {
  payloadId: string;
  filename?: unknown;
  size?: unknown;
}

/** The files that a value names, as uploads and http steps put them out. */
function filesIn(value: unknown, most = 20): FileReference[] {
  const found: FileReference[] = [];
  const look = (each: unknown, depth: number): void => {
    if (depth > 8 || found.length >= most) return;
    if (Array.isArray(each)) for (const item of each) look(item, depth + 1);
    else if (isObject(each)) {
      if (typeof each.payloadId === 'string') found.push(each as unknown as FileReference);
      else for (const item of Object.values(each)) look(item, depth + 1);
    }
  };
  look(value, 0);
  return found;
}

function Files({ run, value }: { run: Run; value: unknown }) {
  const appId = useAppId() ?? '';
  const files = filesIn(value);
  if (files.length === 0) return null;
  return (
    <ul aria-label="Files">
      {files.map(({ payloadId, filename, size }) => (
        <li key={payloadId}>
          <a href={`/v1/runs/${run.id}/files/${payloadId}?appId=${appId}`} download={String(filename ?? payloadId)}>
            Download {String(filename ?? payloadId)}
          </a>{' '}
          {typeof size === 'number' ? `(${size} bytes)` : null}
        </li>
      ))}
    </ul>
  );
}

/** A template; what it came to is shown while the pointer or the focus is on it. */
function TemplateWithValue({ found }: { found: TemplateValue }) {
  const text = found.value === undefined ? 'Not recorded by this run.' : readable(found.value) || '(empty)';
  return (
    <li>
      <span>{found.field}</span>
      <TooltipTrigger delay={150} closeDelay={100}>
        <TipTrigger className={styles.template ?? ''} aria-label={`${found.field}: ${found.template}`}>
          {visible(found.template)}
        </TipTrigger>
        <Tooltip className={styles.tip ?? ''} placement="bottom start">
          {visible(text)}
        </Tooltip>
      </TooltipTrigger>
    </li>
  );
}

function Templates({ step, record }: { step: Step; record: RunStep }) {
  const values = templateValues(step, record);
  if (values.length === 0) return null;
  return (
    <div>
      <h3>Templates: point at one for its value</h3>
      <ul className={styles.templates}>
        {values.map((value) => (
          <TemplateWithValue key={value.field} found={value} />
        ))}
      </ul>
    </div>
  );
}

function ConsoleLines({ lines }: { lines: NonNullable<RunStep['console']> }) {
  return <Payload label="Console" value={lines.map(({ level, text }) => `${level.padEnd(5)} ${text}`).join('\n')} />;
}

/** What went into a step and what came out of it. */
export function StepDetail({ run, step, definition }: { run: Run; step: RunStep; definition: unknown }) {
  const written = isObject(definition)
    ? allSteps(definition as FlowDocument).find((each) => each.step.ref === step.ref)?.step
    : undefined;
  const elapsed =
    step.startedAt && step.finishedAt ? duration(Date.parse(step.finishedAt) - Date.parse(step.startedAt)) : '–';
  return (
    <Section title={`Step ${step.path ?? step.ref}`}>
      <Facts
        facts={[
          ['Type', step.type],
          ['Status', <StatusBadge key="status" status={step.status} />],
          ['Started', <Time key="started" at={step.startedAt} />],
          ['Took', elapsed],
          ['Attempt', step.attempt],
          ...(step.nextAttemptAt ? [['Goes on', <Time key="next" at={step.nextAttemptAt} />] as const] : []),
          ...(step.takenFrom ? [['Taken over from run', <code key="from">{step.takenFrom}</code>] as const] : []),
        ]}
      />
      {step.error ? (
        <p role="alert">
          <strong>{step.error.code}</strong>: {step.error.message}
        </p>
      ) : null}
      {written ? <Templates step={written} record={step} /> : null}
      <Payload label="Step input" value={step.input} />
      <Payload label="Step output" value={step.output} />
      <Files run={run} value={step.output} />
      {step.console && step.console.length > 0 ? <ConsoleLines lines={step.console} /> : null}
    </Section>
  );
}

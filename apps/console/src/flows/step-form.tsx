import { useState } from 'react';
import { Button } from '../design/button.tsx';
import { SelectField, TextField } from '../design/field.tsx';
import { FormActions } from '../design/form.tsx';
import { Section } from '../design/page.tsx';
import { EndpointField } from './endpoint-field.tsx';
import { blocksOf, isObject, type Step } from './flow-document.rules.ts';
import type { Schema, StepKind } from './flow-schema.rules.ts';

/** Steps inside of steps are put in the picture. */
const IN_PICTURE = ['steps', 'else', 'default', 'onTimeout'];

/** A value as a person edits it: text as it is, everything else as JSON. */
const shownOf = (value: unknown): string =>
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 2);

/** Text that is JSON of another kind than text is that; so `5` is a number, and `{{ n }}` stays a template. */
function valueOf(text: string): unknown {
  if (!/^\s*(?:[[{"\d-]|true\s*$|false\s*$|null\s*$)/.test(text) || /^\s*\{[{%]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // half typed, or text that begins so
  }
}

const isLong = (text: string): boolean => text.includes('\n') || text.length > 60;

function withField(step: Step, name: string, value: unknown): Step {
  const { [name]: _old, ...others } = step;
  return value === undefined || value === '' ? others : { ...step, [name]: value };
}

interface FieldProps {
  name: string;
  schema: Schema;
  isRequired: boolean;
  step: Step;
  pointer: string;
  onChange: (step: Step) => void;
}

function StepField({ name, schema, isRequired, step, pointer, onChange }: FieldProps) {
  const value = step[name];
  // What is typed stays as it is typed, also while it is not JSON yet.
  const [typed, setTyped] = useState<string | null>(null);
  const common = { label: name, pointer: `${pointer}/${name}`, hint: schema.description, isOptional: !isRequired };
  const choices = schema.enum ?? (schema.type === 'boolean' ? [true, false] : null);
  const text = typed !== null && JSON.stringify(valueOf(typed)) === JSON.stringify(value) ? typed : shownOf(value);
  // Decided once: another kind of field under the cursor would take the focus away.
  const [isCode] = useState(name === 'source' || (value !== undefined && typeof value !== 'string'));
  const [rows] = useState(isLong(text) ? 6 : isCode ? 4 : 1);
  if (choices) {
    const options = [
      { value: '', label: '–' },
      ...choices.map((each) => ({ value: String(each), label: String(each) })),
    ];
    const set = (text: string): void =>
      onChange(
        withField(
          step,
          name,
          choices.find((each) => String(each) === text),
        ),
      );
    return (
      <SelectField {...common} value={value === undefined ? '' : String(value)} onChange={set} options={options} />
    );
  }
  const set = (next: string): void => {
    setTyped(next);
    onChange(withField(step, name, name === 'source' ? next : valueOf(next)));
  };
  return <TextField {...common} value={text} onChange={set} isCode={isCode} rows={rows} />;
}

interface ListProps {
  step: Step;
  pointer: string;
  name: 'branches' | 'cases';
  onChange: (step: Step) => void;
}

/** The conditions of branches, the values of cases, or the lanes of `parallel`. Their steps are in the picture. */
function Choices({ step, pointer, name, onChange }: ListProps) {
  const list: unknown[] = Array.isArray(step[name]) ? (step[name] as unknown[]) : [];
  const field = name === 'cases' ? 'equals' : 'when';
  const isLanes = step.type === 'parallel';
  const put = (next: unknown[]): void => onChange({ ...step, [name]: next });
  const fresh = isLanes ? [] : { [field]: name === 'cases' ? '' : '{{ true }}', steps: [] };
  if (isObject(step[name])) return <p>The branches have names: change those in the text.</p>;
  return (
    <>
      {list.map((choice, at) => (
        <div key={at}>
          {isLanes || !isObject(choice) ? (
            <span>Branch {at + 1} </span>
          ) : (
            <TextField
              label={`${name === 'cases' ? 'Case' : 'Branch'} ${at + 1}: ${field}`}
              pointer={`${pointer}/${name}/${at}/${field}`}
              value={shownOf(choice[field])}
              onChange={(text) =>
                put(list.map((each, index) => (index === at ? { ...choice, [field]: valueOf(text) } : each)))
              }
            />
          )}
          {list.length > 1 ? (
            <Button small onPress={() => put(list.filter((_each, index) => index !== at))}>
              Remove branch {at + 1}
            </Button>
          ) : null}
        </div>
      ))}
      <Button small onPress={() => put([...list, fresh])}>
        Add a branch
      </Button>
    </>
  );
}

interface StepFormProps {
  step: Step;
  pointer: string;
  kind: StepKind | undefined;
  isReadOnly: boolean;
  onChange: (step: Step) => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
  onTest: (() => void) | null;
  isTesting: boolean;
}

/** The fields of a step, as the schema of the server names them. */
export function StepForm({
  step,
  pointer,
  kind,
  isReadOnly,
  onChange,
  onMove,
  onRemove,
  onTest,
  isTesting,
}: StepFormProps) {
  const fields = kind?.fields.filter(({ name }) => !IN_PICTURE.includes(name)) ?? [];
  const isChoice = (name: string): name is 'branches' | 'cases' => name === 'branches' || name === 'cases';
  const title = `Step ${String(step.ref ?? '?')}`;
  return (
    <Section title={title}>
      <p>{kind?.description ?? `There is no type of step "${String(step.type)}".`}</p>
      <fieldset
        disabled={isReadOnly}
        style={{ display: 'grid', gap: '0.75rem', border: 0, padding: 0, margin: 0, minWidth: 0 }}
      >
        <legend hidden>{title}</legend>
        <TextField
          label="ref"
          pointer={`${pointer}/ref`}
          hint="the name by which later steps read its output"
          value={shownOf(step.ref)}
          onChange={(ref) => onChange({ ...step, ref })}
        />
        {fields.map(({ name, schema, isRequired }) =>
          isChoice(name) ? (
            <Choices key={name} step={step} pointer={pointer} name={name} onChange={onChange} />
          ) : name === 'endpoint' && step.type === 'call_webhook' ? (
            <EndpointField
              key={`${pointer} ${name}`}
              value={shownOf(step.endpoint)}
              pointer={`${pointer}/endpoint`}
              onChange={(endpoint) => onChange({ ...step, endpoint })}
            />
          ) : (
            <StepField
              key={`${pointer} ${name}`}
              name={name}
              schema={schema}
              isRequired={isRequired}
              step={step}
              pointer={pointer}
              onChange={onChange}
            />
          ),
        )}
      </fieldset>
      {blocksOf(step, pointer).length > 0 ? <p>Put the steps inside of it in the picture.</p> : null}
      {isReadOnly ? null : (
        <FormActions>
          {onTest ? (
            <Button isBusy={isTesting} onPress={onTest}>
              Test this step alone
            </Button>
          ) : null}
          <Button onPress={() => onMove(-1)}>Move up</Button>
          <Button onPress={() => onMove(1)}>Move down</Button>
          <Button kind="danger" onPress={onRemove}>
            Remove
          </Button>
        </FormActions>
      )}
    </Section>
  );
}

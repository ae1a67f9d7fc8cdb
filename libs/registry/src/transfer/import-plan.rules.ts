import type { FieldProblem } from '@sluice/contracts';
import { MASK } from '../sealing/sealing.decider.ts';
import type { JsonObject } from '../requests/validated.ts';
import type { Contents, Present } from './app-export.ts';
import { type AppDocument, KINDS, type Kind } from './app-document.rules.ts';

/** One resource of the document, and what it is found to be now. */
export interface PlannedSave {
  kind: Kind;
  /** Where it stands in the document. */
  pointer: string;
  name: string;
  sent: JsonObject;
  present: Present | null;
}

export interface ImportPlan {
  /** In the order in which they have to be carried out. */
  saves: PlannedSave[];
  /** What the document does not name, in the order in which it can be deleted. */
  surplus: { kind: Kind; present: Present }[];
  problems: FieldProblem[];
}

/** Triggers go before the flows that they start. */
const DELETED_FIRST: readonly Kind[] = ['triggers', 'flows', 'endpoints', 'eventTypes'];

/** What has to happen so that an app is as a document says. */
export function planImport(document: AppDocument, contents: Contents): ImportPlan {
  const problems: FieldProblem[] = [];
  const saves: PlannedSave[] = [];
  for (const kind of KINDS) {
    for (const [index, sent] of document[kind].entries()) {
      const pointer = `/${kind}/${index}`;
      const name = String(sent.name).trim();
      const named = contents[kind].filter((present) => present.name === name);
      if (named.length > 1) {
        const message = `is the name of ${named.length} ${kind} of the app: they cannot be told apart`;
        problems.push({ pointer: `${pointer}/name`, message });
      }
      saves.push({ kind, pointer, name, sent, present: named[0] ?? null });
    }
  }
  problems.push(...saves.flatMap((save) => problemsOf(save, saves, contents)));
  const surplus = DELETED_FIRST.flatMap((kind) => {
    const kept = new Set(saves.filter((save) => save.kind === kind).map((save) => save.name));
    return contents[kind].filter(({ name }) => !kept.has(name)).map((present) => ({ kind, present }));
  });
  return { saves, surplus, problems };
}

function problemsOf(save: PlannedSave, saves: readonly PlannedSave[], contents: Contents): FieldProblem[] {
  const { kind, pointer, sent, present } = save;
  const problems: FieldProblem[] = [];
  if (kind === 'triggers') {
    if (sent.flow !== undefined) problems.push(...flowProblemsOf(save, saves, contents));
    for (const field of ['flow', 'listener', 'profile'] as const) {
      if (present && sent[field] !== undefined && sent[field] !== present.shown[field]) {
        const message = `of a trigger does not change (it is ${JSON.stringify(present.shown[field])}): choose another name`;
        problems.push({ pointer: `${pointer}/${field}`, message });
      }
    }
  }
  if (!present) {
    const message = 'is masked, and there is nothing here whose value it could keep: give the value, or leave it out';
    problems.push(...maskedIn(sent, pointer).map((masked) => ({ pointer: masked, message })));
  }
  return problems;
}

/** What is wrong with the flow that a trigger names. */
function flowProblemsOf(
  { pointer, sent }: PlannedSave,
  saves: readonly PlannedSave[],
  contents: Contents,
): FieldProblem[] {
  const wanted = String(sent.flow).trim();
  const isHere = saves.some((other) => other.kind === 'flows' && other.name === wanted);
  const inApp = contents.flows.filter((flow) => flow.name === wanted).length;
  const problems: FieldProblem[] = [];
  if (!isHere && inApp === 0)
    problems.push({ pointer: `${pointer}/flow`, message: 'names a flow that is neither here nor in the app' });
  if (inApp > 1) problems.push({ pointer: `${pointer}/flow`, message: `is the name of ${inApp} flows of the app` });
  return problems;
}

/** Where in a value a mask stands. */
function maskedIn(value: unknown, pointer: string): string[] {
  if (value === MASK) return [pointer];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, each]) =>
    maskedIn(each, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

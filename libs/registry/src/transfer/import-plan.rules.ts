import type { FieldProblem } from '@sluice/contracts';
import { tidyName } from '../requests/name.rules.ts';
import { type JsonObject, pointerToken } from '../requests/validated.ts';
import { MASK } from '../sealing/sealing.decider.ts';
import type { Contents, Present } from './app-export.ts';
import { forwardingProblems } from './forwarding.rules.ts';
import { type AppDocument, hasOwnName, KINDS, type Kind, nameIn } from './app-document.rules.ts';

/** One resource of the document, and what it is found to be now. */
export interface PlannedSave {
  kind: Kind;
  /** Where it stands in the document. */
  pointer: string;
  name: string;
  sent: JsonObject;
  present: Present | null;
  /** Of what starts a flow: that flow's id, or null when the same import makes it. */
  flowId: string | null;
}

export interface ImportPlan {
  /** In the order in which they have to be carried out. */
  saves: PlannedSave[];
  /** What the document does not name, in the order in which it can be deleted; of kinds that it speaks of. */
  surplus: { kind: Kind; present: Present }[];
  problems: FieldProblem[];
}

/** What is to happen to what the document does not say. */
export interface PlanOptions {
  /** Kinds of which what is not named goes. */
  pruned: readonly Kind[];
  /** Masked secrets of what is new may be made here, where Sluice can make them. */
  makesSecrets: boolean;
}

/** What starts flows goes before the flows. */
const DELETED_FIRST: readonly Kind[] = ['triggers', 'crons', 'flows', 'endpoints', 'eventTypes'];

/** What has to happen so that an app is as a document says. */
export function planImport(document: AppDocument, contents: Contents, options: PlanOptions): ImportPlan {
  const saves = KINDS.flatMap((kind) => document[kind].map((sent, index) => found(kind, index, sent, contents)));
  for (const save of saves) save.flowId = flowOf(save, saves, contents)?.id ?? null;
  const surplus = DELETED_FIRST.filter((kind) => options.pruned.includes(kind)).flatMap((kind) => {
    const ofKind = saves.filter((save) => save.kind === kind);
    const kept = new Set(ofKind.flatMap(({ name, present: found }) => [name, found?.id]));
    // By name, too: of two webhooks that say the same a document names one, and callers know the addresses of both.
    return contents[kind]
      .filter(({ id, name }) => !kept.has(id) && !kept.has(name))
      .map((present) => ({ kind, present }));
  });
  const leaving = new Set(surplus.map((each) => each.present));
  const problems = [
    ...saves.flatMap((save) => identityProblems(save, saves, contents, surplus)),
    ...saves.flatMap((save) => flowProblems(save, saves, contents)),
    ...saves.flatMap((save) => forwardingProblems(save, saves, contents, leaving)),
    ...saves.filter(({ present }) => present === null).flatMap((save) => maskProblems(save, options.makesSecrets)),
    ...surplusProblems(surplus, saves, contents),
  ];
  return { saves, surplus, problems };
}

/** Found by its external key, else by its name: so a key finds a resource again after either changed. */
function found(kind: Kind, index: number, sent: JsonObject, contents: Contents): PlannedSave {
  const name = nameIn(kind, sent) ?? '';
  const { externalKey } = sent;
  const byKey =
    typeof externalKey === 'string' ? contents[kind].find((present) => present.externalKey === externalKey) : undefined;
  const named = contents[kind].filter((present) => present.name === name);
  // What has another key already is something else that happens to have the same name.
  const byName = named.find((present) => externalKey === undefined || present.externalKey === null);
  return { kind, pointer: `/${kind}/${index}`, name, sent, present: byKey ?? byName ?? null, flowId: null };
}

function identityProblems(
  { kind, pointer, name, sent, present }: PlannedSave,
  saves: readonly PlannedSave[],
  contents: Contents,
  surplus: ImportPlan['surplus'],
): FieldProblem[] {
  if (!hasOwnName(kind, sent)) return [];
  const twin = saves.find((save) => save.kind === kind && save.present !== null && save.present === present);
  if (twin && twin.pointer !== pointer) return [{ pointer, message: `is the same resource as ${twin.pointer}` }];
  const staying = contents[kind].filter(
    (other) =>
      other.name === name &&
      other !== present &&
      !saves.some((save) => save.present === other) &&
      !surplus.some((each) => each.present === other),
  );
  if (staying.length === 0) return [];
  const message = `is the name of ${staying.length} other(s) among the ${kind} of the app: they could not be told apart`;
  return [{ pointer: `${pointer}/name`, message }];
}

/** The flow that a trigger or a cron starts: one of the app, null when the document makes it, undefined: none. */
function flowOf(save: PlannedSave, saves: readonly PlannedSave[], contents: Contents): Present | null | undefined {
  const { kind, sent } = save;
  const isWanted = (flow: JsonObject): boolean =>
    kind === 'triggers' ? flow.name === tidyName(String(sent.flow)) : flow.listener === sent.listener;
  if (kind !== 'triggers' && kind !== 'crons') return undefined;
  const here = saves.find((other) => other.kind === 'flows' && isWanted({ ...other.sent, name: other.name }));
  return here ? here.present : contents.flows.find((flow) => isWanted(flow.shown));
}

/** What is wrong with the flow that something starts; a trigger stays with its flow and its profile. */
function flowProblems(save: PlannedSave, saves: readonly PlannedSave[], contents: Contents): FieldProblem[] {
  const { kind, pointer, sent, present } = save;
  const at = kind === 'crons' ? `${pointer}/listener` : `${pointer}/flow`;
  if (kind !== 'triggers' && kind !== 'crons') return [];
  const flow = flowOf(save, saves, contents);
  if (kind === 'triggers' && sent.flow === undefined) return changedOfTrigger(save);
  if (flow === undefined) return [{ pointer: at, message: 'names a flow that is neither here nor in the app' }];
  if (kind === 'crons') return [];
  const problems: FieldProblem[] = [];
  const same = contents.flows.filter(({ name }) => flow !== null && name === flow.name).length;
  if (same > 1) problems.push({ pointer: at, message: `is the name of ${same} flows of the app` });
  if (present && flow?.id !== present.flowId) problems.push(unchangeable(at, present.shown.flow));
  const first = saves.find((other) => isOneOfFlow(other) && other.sent.flow === sent.flow);
  if (isOneOfFlow(save) && first !== save) {
    const message = `of profile "flow" starts the same flow as that of ${first?.pointer ?? 'another'}: a flow has one`;
    problems.push({ pointer: at, message });
  }
  return [...problems, ...changedOfTrigger(save)];
}

/** What a trigger is made with and keeps. */
function changedOfTrigger({ pointer, sent, present }: PlannedSave): FieldProblem[] {
  const fixed = present ? ['profile', 'listener', 'listenerField'] : [];
  return fixed
    .filter((field) => sent[field] !== undefined && sent[field] !== present?.shown[field])
    .map((field) => unchangeable(`${pointer}/${field}`, present?.shown[field]));
}

/** LC-01: the address of such a trigger names its flow, so there is one of them. */
function isOneOfFlow({ kind, sent }: PlannedSave): boolean {
  return kind === 'triggers' && sent.profile === 'flow';
}

function unchangeable(pointer: string, now: unknown): FieldProblem {
  const message = `of a trigger does not change (it is ${JSON.stringify(now ?? null)}): choose another name`;
  return { pointer, message };
}

/** Signing secrets are ours to make; a password or a header's value is somebody else's. */
const MADE_HERE = /^\/(?:triggers\/\d+\/auth\/(?:secret|password)|endpoints\/\d+\/secret)$/;

function maskProblems({ sent, pointer }: PlannedSave, makesSecrets: boolean): FieldProblem[] {
  const message = 'is masked, and there is nothing here whose value it could keep: give the value, or leave it out';
  return maskedIn(sent, pointer)
    .filter((masked) => !(makesSecrets && MADE_HERE.test(masked)))
    .map((masked) => ({ pointer: masked, message }));
}

/** Where in a value a mask stands. */
function maskedIn(value: unknown, pointer: string): string[] {
  if (value === MASK) return [pointer];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, each]) => maskedIn(each, `${pointer}/${pointerToken(name)}`));
}

/** A flow cannot go while something that stays starts it; told before anything is deleted. */
function surplusProblems(
  surplus: ImportPlan['surplus'],
  saves: readonly PlannedSave[],
  contents: Contents,
): FieldProblem[] {
  const goes = new Set(surplus.map(({ present }) => present.id));
  return surplus.flatMap(({ kind, present }) => {
    if (kind !== 'flows') return [];
    const staying = [...contents.triggers, ...contents.crons].filter(
      (starter) => starter.flowId === present.id && !goes.has(starter.id),
    );
    const coming = saves.filter(({ flowId }) => flowId === present.id);
    const names = [...staying.map(({ name }) => name), ...coming.map(({ name }) => name)];
    if (names.length === 0) return [];
    const message = `does not name the flow ${JSON.stringify(present.name)}, but ${JSON.stringify(names[0])} starts it and stays`;
    return [{ pointer: '/flows', message }];
  });
}

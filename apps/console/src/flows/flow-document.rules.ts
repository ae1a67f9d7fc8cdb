/** A flow as it is edited: the fields of the language, and whatever else somebody typed. */
export type FlowDocument = Record<string, unknown>;
/** A step as far as it is one; what somebody types in the meantime may be anything. */
export type Step = Record<string, unknown>;

/** Steps that run one after another, by the JSON pointer of their list. */
export interface Block {
  pointer: string;
  /** What leads into it: the condition, the case, the branch. */
  label: string;
  steps: readonly Step[];
}

type Path = readonly string[];

export const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

const stepsIn = (value: unknown): readonly Step[] => (Array.isArray(value) ? value.filter(isObject) : []);
const told = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** The parts of a JSON pointer (RFC 6901). */
export function pathOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const token = (part: string | number): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

/** What stands at the pointer; undefined when nothing does. */
export function valueAt(value: unknown, pointer: string): unknown {
  return pathOf(pointer).reduce<unknown>((found, part) => {
    if (Array.isArray(found)) return found[Number(part)] as unknown;
    return isObject(found) && Object.hasOwn(found, part) ? found[part] : undefined;
  }, value);
}

/** A copy in which `change` was made to what stands at the path; what is not there yet is made. */
function changedAt(value: unknown, path: Path, change: (now: unknown) => unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.map((each, index) => (index === Number(first) ? changedAt(each, rest, change) : (each as unknown)));
  }
  const object = isObject(value) ? value : {};
  return { ...object, [first]: changedAt(object[first], rest, change) };
}

const changed = (document: FlowDocument, pointer: string, change: (now: unknown) => unknown): FlowDocument =>
  changedAt(document, pathOf(pointer), change) as FlowDocument;

function lanesOf(branches: unknown, pointer: string): Block[] {
  const entries = Array.isArray(branches)
    ? branches.map((steps, index) => [String(index), `branch ${index + 1}`, steps as unknown] as const)
    : Object.entries(isObject(branches) ? branches : {}).map(([name, steps]) => [name, name, steps] as const);
  return entries.map(([key, label, steps]) => ({ pointer: `${pointer}/${token(key)}`, label, steps: stepsIn(steps) }));
}

function choicesOf(list: unknown, pointer: string, labelOf: (choice: Step) => string): Block[] {
  return stepsIn(list).map((choice, index) => ({
    pointer: `${pointer}/${index}/steps`,
    label: labelOf(choice),
    steps: stepsIn(choice.steps),
  }));
}

/** The blocks of steps that a step holds, those among them that are empty or not there yet too. */
export function blocksOf(step: Step, pointer: string): Block[] {
  const own = (field: string, label: string): Block => ({
    pointer: `${pointer}/${field}`,
    label,
    steps: stepsIn(step[field]),
  });
  switch (step.type) {
    case 'condition':
      return [...choicesOf(step.branches, `${pointer}/branches`, ({ when }) => told(when)), own('else', 'otherwise')];
    case 'switch':
      return [
        ...choicesOf(step.cases, `${pointer}/cases`, ({ equals }) => `= ${told(equals)}`),
        own('default', 'otherwise'),
      ];
    case 'foreach':
      return [own('steps', `for each ${told(step.as ?? 'item')}`)];
    case 'parallel':
      return lanesOf(step.branches, `${pointer}/branches`);
    case 'wait_for_callback':
    case 'approval':
      return [own('onTimeout', 'too late')];
    default:
      return [];
  }
}

export interface PlacedStep {
  step: Step;
  pointer: string;
}

/** All steps in the order in which they stand, those that others hold among them. */
export function allSteps(document: FlowDocument): PlacedStep[] {
  const inside = (steps: readonly Step[], block: string): PlacedStep[] =>
    steps.flatMap((step, index) => {
      const pointer = `${block}/${index}`;
      return [{ step, pointer }, ...blocksOf(step, pointer).flatMap((each) => inside(each.steps, each.pointer))];
    });
  const handler = isObject(document.onError) ? stepsIn(document.onError.steps) : [];
  return [...inside(stepsIn(document.steps), '/steps'), ...inside(handler, '/onError/steps')];
}

/** The step that a pointer of the API lies in: `/steps/2/url` is about the third step. */
export function stepOfPointer(document: FlowDocument, pointer: string): PlacedStep | null {
  const holding = allSteps(document).filter(
    (each) => pointer === each.pointer || pointer.startsWith(`${each.pointer}/`),
  );
  return holding.at(-1) ?? null;
}

/** A ref that no step has: the type, with a number when it is taken. */
export function freeRef(document: FlowDocument, type: string): string {
  const taken = new Set(allSteps(document).map(({ step }) => step.ref));
  const base = type === 'webhook' ? 'web' : type;
  for (let count = 1; ; count++) {
    const ref = count === 1 ? base : `${base}${count}`;
    if (!taken.has(ref)) return ref;
  }
}

/** What a new step of a type begins with, so that nothing that it needs is missing. */
const BEGINNINGS: Record<string, Step> = {
  set: { values: {} },
  condition: { branches: [{ when: '{{ true }}', steps: [] }] },
  switch: { on: '', cases: [{ equals: '', steps: [] }] },
  foreach: { in: '{{ [] }}', as: 'item', steps: [] },
  parallel: { branches: [[], []] },
  emit: { event: '' },
  http: { url: 'https://' },
  call_webhook: { endpoint: '', payload: {} },
  code: { source: 'return input;' },
  run_flow: { flow: '' },
  listener: { url: 'https://' },
  delay: { for: 'PT1M' },
  fail: { message: '' },
};

export function newStep(document: FlowDocument, type: string): Step {
  return { ref: freeRef(document, type), type, ...structuredClone(BEGINNINGS[type] ?? {}) };
}

/**
 * Why a step of this type cannot stand there (LC-02, LC-16): a webhook step is the first of the flow, and the only one.
 * @param moved the step that is taken from elsewhere, and so is no second one.
 */
export function placeProblem(
  document: FlowDocument,
  type: string,
  block: string,
  index: number,
  moved: string | null = null,
): string | null {
  const webhook = allSteps(document).find(({ step, pointer }) => step.type === 'webhook' && pointer !== moved);
  if (type !== 'webhook') {
    const isBefore = block === '/steps' && index === 0 && webhook?.pointer === '/steps/0';
    return isBefore ? 'The webhook step must stay the first step of the flow.' : null;
  }
  if (webhook) return 'The flow has a webhook step already; it can have one only.';
  if (block === '/steps' && index === 0) return null;
  return 'A webhook step must be the first step of the flow.';
}

export function insertStep(document: FlowDocument, block: string, index: number, step: Step): FlowDocument {
  return changed(document, block, (now) => {
    const steps: unknown[] = Array.isArray(now) ? now : [];
    return [...steps.slice(0, index), step, ...steps.slice(index)];
  });
}

export function removeStep(document: FlowDocument, pointer: string): FlowDocument {
  const { block, index } = positionOf(pointer);
  return changed(document, block, (now) => (Array.isArray(now) ? now.filter((_each, at) => at !== index) : now));
}

export function changeStep(document: FlowDocument, pointer: string, step: Step): FlowDocument {
  return changed(document, pointer, () => step);
}

/** Where a step stands. */
export function positionOf(pointer: string): { block: string; index: number } {
  const cut = pointer.lastIndexOf('/');
  return { block: pointer.slice(0, cut), index: Number(pointer.slice(cut + 1)) };
}

/** Takes a step to another place. Null when that is inside of itself. The pointers are those before the move. */
export function moveStep(
  document: FlowDocument,
  from: string,
  block: string,
  index: number,
): { document: FlowDocument; pointer: string } | null {
  const step = valueAt(document, from);
  if (!isObject(step) || block === from || block.startsWith(`${from}/`)) return null;
  const old = positionOf(from);
  const inSame = old.block === block && old.index < index;
  const target = inSame ? index - 1 : index;
  const without = removeStep(document, from);
  // A later neighbour that holds the new place has moved up by one.
  const shifted = shiftedBlock(block, old);
  return { document: insertStep(without, shifted, target, step), pointer: `${shifted}/${target}` };
}

function shiftedBlock(block: string, removed: { block: string; index: number }): string {
  const prefix = `${removed.block}/`;
  if (!block.startsWith(prefix)) return block;
  const [at = '', ...rest] = block.slice(prefix.length).split('/');
  const index = Number(at);
  return index > removed.index ? `${prefix}${[index - 1, ...rest].join('/')}` : block;
}

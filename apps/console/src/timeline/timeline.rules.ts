/** A node of the causal tree as `GET /v1/timeline/{id}` has it. */
export interface TimelineNode {
  kind: 'request' | 'run' | 'step' | 'event' | 'delivery' | 'attempt';
  id: string;
  title: string;
  status: string;
  at: string | null;
  endedAt: string | null;
  durationMs: number | null;
  causedBy: string | null;
  detail: Record<string, unknown>;
  children: TimelineNode[];
}

/** The time that a tree covers, Unix milliseconds. */
export interface Span {
  fromMs: number;
  toMs: number;
}

function timesOf(node: TimelineNode): number[] {
  const own = [node.at, node.endedAt].filter((each) => each !== null).map((each) => Date.parse(each));
  return [...own.filter((each) => !Number.isNaN(each)), ...node.children.flatMap(timesOf)];
}

export function spanOf(root: TimelineNode): Span {
  const times = timesOf(root);
  if (times.length === 0) return { fromMs: 0, toMs: 1 };
  const fromMs = times.reduce((least, each) => Math.min(least, each));
  const toMs = times.reduce((most, each) => Math.max(most, each));
  return { fromMs, toMs: Math.max(toMs, fromMs + 1) };
}

/** Where a node's bar begins and how long it is, in per cent of the span; at least a mark that is seen. */
export function barOf({ at, endedAt }: TimelineNode, { fromMs, toMs }: Span): { start: number; width: number } | null {
  if (at === null) return null;
  const whole = toMs - fromMs;
  const start = ((Date.parse(at) - fromMs) / whole) * 100;
  const width = endedAt === null ? 100 - start : ((Date.parse(endedAt) - Date.parse(at)) / whole) * 100;
  const clamped = Math.max(0.5, Math.min(100, width));
  return { start: Math.max(0, Math.min(100 - clamped, start)), width: clamped };
}

/** The id by which a tree is followed: of its run, whose steps, events and attempts are told with it; else of its root. */
export function followedOf(root: TimelineNode): string {
  const first = (node: TimelineNode): TimelineNode | undefined =>
    node.kind === 'run' ? node : node.children.map(first).find((found) => found !== undefined);
  return (first(root) ?? root).id;
}

/** Ids are in the path of screens; those of steps and attempts are not theirs alone. */
export function placeOf(node: TimelineNode): string | null {
  if (node.kind === 'event') return `events/${node.id}`;
  if (node.kind === 'delivery') return `deliveries/${node.id}`;
  if (node.kind === 'run') return `runs/${node.id}`;
  return null;
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/** The id in whatever was pasted: alone, in a URL, in a line of a log; null without one. */
export function idIn(text: string): string | null {
  return UUID.exec(text)?.[0].toLowerCase() ?? null;
}

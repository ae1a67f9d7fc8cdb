import { type Block, blocksOf, type FlowDocument, isObject, type Step } from './flow-document.rules.ts';

/** Pixels. */
export const STEP = { width: 220, height: 62 };
export const GAP = { width: 34, height: 34 };
const BETWEEN = 22;
const LANE_HEAD = 46;
const LANE_SPACE = 28;

export interface PlacedNode {
  /** Of a step its pointer; of a gap its block and place. */
  id: string;
  kind: 'step' | 'gap';
  /** Upper left corner. */
  x: number;
  y: number;
  step: Step | null;
  block: string;
  index: number;
}

export interface PlacedEdge {
  id: string;
  source: string;
  target: string;
  label: string;
}

export interface Layout {
  nodes: PlacedNode[];
  edges: PlacedEdge[];
  width: number;
  height: number;
}

export const gapId = (block: string, index: number): string => `${block}#${index}`;

function widthOf(steps: readonly Step[], block: string): number {
  const widths = steps.map((step, index) => {
    const lanes = blocksOf(step, `${block}/${index}`);
    const sum = lanes.reduce((total, lane) => total + widthOf(lane.steps, lane.pointer) + LANE_SPACE, -LANE_SPACE);
    return lanes.length === 0 ? STEP.width : Math.max(STEP.width, sum);
  });
  return Math.max(STEP.width, ...widths);
}

/** Draws blocks from top to bottom; what a step holds stands below it side by side. */
class Drawing {
  readonly nodes: PlacedNode[] = [];
  readonly edges: PlacedEdge[] = [];

  /** @param center of the block, horizontally. @returns where it ends, vertically. */
  block(steps: readonly Step[], block: string, center: number, top: number): number {
    let y = this.gap(block, 0, center, top);
    for (const [index, step] of steps.entries()) {
      const id = `${block}/${index}`;
      this.nodes.push({ id, kind: 'step', x: center - STEP.width / 2, y, step, block, index });
      this.edge(gapId(block, index), id, '');
      const lanes = blocksOf(step, id);
      const next = gapId(block, index + 1);
      const below = y + STEP.height + BETWEEN;
      const end = lanes.length === 0 ? below : this.lanes(lanes, id, next, center, y + STEP.height + LANE_HEAD);
      if (lanes.length === 0) this.edge(id, next, '');
      y = this.gap(block, index + 1, center, end);
    }
    return y;
  }

  private lanes(lanes: readonly Block[], from: string, to: string, center: number, top: number): number {
    const widths = lanes.map((lane) => widthOf(lane.steps, lane.pointer));
    const whole = widths.reduce((sum, width) => sum + width + LANE_SPACE, -LANE_SPACE);
    let left = center - whole / 2;
    let lowest = top;
    for (const [index, lane] of lanes.entries()) {
      const width = widths[index] ?? 0;
      lowest = Math.max(lowest, this.block(lane.steps, lane.pointer, left + width / 2, top));
      this.edge(from, gapId(lane.pointer, 0), lane.label);
      this.edge(gapId(lane.pointer, lane.steps.length), to, '');
      left += width + LANE_SPACE;
    }
    return lowest + BETWEEN;
  }

  private gap(block: string, index: number, center: number, top: number): number {
    const id = gapId(block, index);
    this.nodes.push({ id, kind: 'gap', x: center - GAP.width / 2, y: top, step: null, block, index });
    return top + GAP.height + BETWEEN;
  }

  private edge(source: string, target: string, label: string): void {
    this.edges.push({ id: `${source}>${target}`, source, target, label });
  }
}

const listOf = (value: unknown): readonly Step[] => (Array.isArray(value) ? value.filter(isObject) : []);

/**
 * Where everything of a flow is drawn: its steps, and the gaps into which steps can be put. In the order in which they
 * run, so that the keyboard goes through them so. The steps of `onError` stand to the right.
 */
export function layoutOf(document: FlowDocument): Layout {
  const drawing = new Drawing();
  const main = listOf(document.steps);
  const width = widthOf(main, '/steps');
  let height = drawing.block(main, '/steps', width / 2, 0);
  if (!isObject(document.onError)) return { nodes: drawing.nodes, edges: drawing.edges, width, height };
  const handler = listOf(document.onError.steps);
  const more = widthOf(handler, '/onError/steps');
  height = Math.max(height, drawing.block(handler, '/onError/steps', width + 3 * LANE_SPACE + more / 2, 0));
  return { nodes: drawing.nodes, edges: drawing.edges, width: width + 3 * LANE_SPACE + more, height };
}

import '@xyflow/react/dist/base.css';
import { Background, Controls, type Edge, Handle, type Node, type NodeProps, Position, ReactFlow } from '@xyflow/react';
import { createContext, type DragEvent, type KeyboardEvent, useContext, useMemo } from 'react';
import type { FieldError } from '../api/api-error.ts';
import { type FlowDocument, placeProblem, stepOfPointer } from './flow-document.rules.ts';
import { GAP, layoutOf, type PlacedNode, STEP } from './flow-layout.rules.ts';
import styles from './flows.module.css';

/** What is dragged, or was picked up by keyboard. */
export type Dragged = { type: string; from: null } | { type: string; from: string };

/** What the picture needs to know, and what it tells. Pointers are those of the document. */
export interface BuilderProps {
  document: FlowDocument;
  problems: readonly FieldError[];
  isReadOnly: boolean;
  selected: string | null;
  /** The gap that the next step from the palette goes to. */
  gap: { block: string; index: number } | null;
  dragged: Dragged | null;
  /** What a test said of each step, by ref. */
  outcomes: ReadonlyMap<string, string>;
  onSelect: (pointer: string) => void;
  onGap: (block: string, index: number) => void;
  onDrag: (dragged: Dragged | null) => void;
  onDrop: (block: string, index: number) => void;
  onMove: (pointer: string, by: -1 | 1) => void;
  onRemove: (pointer: string) => void;
}

interface Context extends BuilderProps {
  /** How many problems each step has. */
  counts: ReadonlyMap<string, number>;
}

type Placed = Node<{ placed: PlacedNode }>;

const BuilderContext = createContext<Context | null>(null);

function useBuilder(): Context {
  const context = useContext(BuilderContext);
  if (!context) throw new Error('steps are drawn by Builder');
  return context;
}

function Ends() {
  return (
    <>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </>
  );
}

function StepNode({ data: { placed } }: NodeProps<Placed>) {
  const builder = useBuilder();
  const { id: pointer, step } = placed;
  const [ref, type] = [String(step?.ref ?? '?'), String(step?.type ?? '?')];
  const problems = builder.counts.get(pointer) ?? 0;
  const outcome = builder.outcomes.get(ref);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (builder.isReadOnly) return;
    if (event.altKey && event.key === 'ArrowUp') builder.onMove(pointer, -1);
    else if (event.altKey && event.key === 'ArrowDown') builder.onMove(pointer, 1);
    else if (event.key === 'Delete') builder.onRemove(pointer);
    else return;
    event.preventDefault();
  };
  const onDragStart = (event: DragEvent): void => {
    event.dataTransfer.setData('text/plain', ref);
    event.dataTransfer.effectAllowed = 'move';
    builder.onDrag({ type, from: pointer });
  };
  return (
    <div className={`nopan nodrag ${styles.node}`}>
      <Ends />
      <button
        type="button"
        className={styles.step}
        data-step={ref}
        data-bad={problems > 0}
        data-outcome={outcome}
        aria-pressed={builder.selected === pointer}
        draggable={!builder.isReadOnly}
        onDragStart={onDragStart}
        onDragEnd={() => builder.onDrag(null)}
        onClick={() => builder.onSelect(pointer)}
        onKeyDown={onKeyDown}
      >
        <strong>{ref}</strong>
        <span>
          {type}
          {outcome ? ` · ${outcome}` : ''}
          {problems > 0 ? ` · ${problems} ${problems === 1 ? 'problem' : 'problems'}` : ''}
        </span>
      </button>
    </div>
  );
}

/** Where a gap is, in words. */
function placeOf({ block, index }: PlacedNode, document: FlowDocument): string {
  const before = stepOfPointer(document, `${block}/${index - 1}`);
  if (index > 0 && before) return `after ${String(before.step.ref)}`;
  const holder = stepOfPointer(document, block);
  if (block === '/steps') return 'as the first step';
  return holder ? `first in ${String(holder.step.ref)}, ${block.split('/').slice(-2).join(' ')}` : 'first in onError';
}

function GapNode({ data: { placed } }: NodeProps<Placed>) {
  const builder = useBuilder();
  const { block, index } = placed;
  const { dragged, gap } = builder;
  const isRefused =
    dragged !== null && placeProblem(builder.document, dragged.type, block, index, dragged.from) !== null;
  const isChosen = gap?.block === block && gap.index === index;
  return (
    <div
      className={`nopan nodrag ${styles.node}`}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        builder.onDrop(block, index);
      }}
    >
      <Ends />
      <button
        type="button"
        className={styles.gap}
        aria-label={`Insert ${placeOf(placed, builder.document)}`}
        aria-pressed={isChosen}
        data-gap={placed.id}
        data-dragging={dragged !== null}
        data-refused={isRefused}
        disabled={builder.isReadOnly}
        onClick={() => builder.onGap(block, index)}
      >
        +
      </button>
    </div>
  );
}

const NODE_TYPES = { step: StepNode, gap: GapNode };

function nodesOf(placed: readonly PlacedNode[]): Placed[] {
  return placed.map((node) => ({
    id: node.id,
    type: node.kind,
    position: { x: node.x, y: node.y },
    data: { placed: node },
    ...(node.kind === 'step' ? STEP : GAP),
  }));
}

const shortened = (label: string): string => (label.length > 32 ? `${label.slice(0, 31)}…` : label);

/** The flow as a picture: drawn from the document, and changed only through it. */
export function Builder(props: BuilderProps) {
  const { document, problems } = props;
  const layout = useMemo(() => layoutOf(document), [document]);
  const nodes = useMemo(() => nodesOf(layout.nodes), [layout]);
  const edges = useMemo<Edge[]>(
    () =>
      layout.edges.map(({ label, ...edge }) => ({
        ...edge,
        type: 'smoothstep',
        ...(label ? { label: shortened(label) } : {}),
      })),
    [layout],
  );
  const counts = useMemo(() => {
    const found = new Map<string, number>();
    for (const { pointer } of problems) {
      const at = stepOfPointer(document, pointer)?.pointer;
      if (at !== undefined) found.set(at, (found.get(at) ?? 0) + 1);
    }
    return found;
  }, [document, problems]);
  return (
    <BuilderContext value={{ ...props, counts }}>
      <div className={styles.picture} role="group" aria-label="The steps of the flow">
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          disableKeyboardA11y
          panOnScroll
          zoomOnScroll={false}
          zoomOnDoubleClick={false}
          minZoom={0.2}
          fitView
          fitViewOptions={{ maxZoom: 1, padding: 0.15 }}
        >
          <Background />
          <Controls showInteractive={false} />
        </ReactFlow>
      </div>
    </BuilderContext>
  );
}

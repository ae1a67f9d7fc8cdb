import { useState } from 'react';
import type { Dragged } from './builder.tsx';
import {
  changeStep,
  type FlowDocument,
  insertStep,
  isObject,
  moveStep,
  newStep,
  placeProblem,
  positionOf,
  removeStep,
  type Step,
  valueAt,
} from './flow-document.rules.ts';

/** Changes that are made in the picture, and what was refused there. */
export function useBuilderState(document: FlowDocument, edit: (next: FlowDocument) => void) {
  const [selected, setSelected] = useState<string | null>(null);
  const [gap, setGap] = useState<{ block: string; index: number } | null>(null);
  const [dragged, setDragged] = useState<Dragged | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [told, setTold] = useState('');
  const found = selected === null ? undefined : valueAt(document, selected);
  const step: Step | null = isObject(found) ? found : null;

  const done = (next: FlowDocument, pointer: string | null, words: string): void => {
    edit(next);
    setSelected(pointer);
    setGap(null);
    setRefusal(null);
    setTold(words);
  };
  const add = (type: string, block: string, index: number): void => {
    const problem = placeProblem(document, type, block, index);
    if (problem !== null) return setRefusal(problem);
    const fresh = newStep(document, type);
    done(insertStep(document, block, index, fresh), `${block}/${index}`, `Step ${String(fresh.ref)} was added.`);
  };
  const moveTo = (from: string, block: string, index: number): void => {
    const moving = valueAt(document, from) as Step;
    const problem = placeProblem(document, String(moving.type), block, index, from);
    if (problem !== null) return setRefusal(problem);
    const moved = moveStep(document, from, block, index);
    if (moved === null) return setRefusal('A step cannot be put into itself.');
    done(moved.document, moved.pointer, `Step ${String(moving.ref)} was moved.`);
  };
  return {
    selected,
    select: setSelected,
    step,
    gap,
    choose: (block: string, index: number) => setGap({ block, index }),
    dragged,
    setDragged,
    refusal,
    told,
    /** From the palette without a place: to the chosen gap, behind the chosen step, to the end. */
    addSomewhere(type: string): void {
      if (gap) return add(type, gap.block, gap.index);
      const at = selected === null || step === null ? null : positionOf(selected);
      if (at && type !== 'webhook') return add(type, at.block, at.index + 1);
      const steps: unknown[] = Array.isArray(document.steps) ? document.steps : [];
      add(type, '/steps', type === 'webhook' && steps.length === 0 ? 0 : steps.length);
    },
    drop(block: string, index: number): void {
      setDragged(null);
      if (dragged === null) return;
      if (dragged.from === null) add(dragged.type, block, index);
      else moveTo(dragged.from, block, index);
    },
    move(pointer: string, by: -1 | 1): void {
      const { block, index } = positionOf(pointer);
      const steps: unknown = valueAt(document, block);
      const target = index + (by === 1 ? 2 : -1);
      if (target < 0 || target > (Array.isArray(steps) ? steps.length : 0)) return;
      moveTo(pointer, block, target);
    },
    remove(pointer: string): void {
      const ref = String((valueAt(document, pointer) as Step | undefined)?.ref);
      done(removeStep(document, pointer), null, `Step ${ref} was removed.`);
    },
    change(next: Step): void {
      if (selected !== null) edit(changeStep(document, selected, next));
    },
  };
}

/** A line that is in both texts, or in one of them. */
export interface DiffLine {
  kind: 'same' | 'removed' | 'added';
  text: string;
}

/** Beyond so many lines on a side the middle is shown as replaced: the table would grow with the product. */
const MAX_LINES = 2_000;

/**
 * What makes one text into the other, line by line, by their longest common subsequence. Removed lines stand before the
 * added ones that take their place.
 */
export function lineDiff(from: string, to: string): DiffLine[] {
  const [before, after] = [from.split('\n'), to.split('\n')];
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  return [
    ...before.slice(0, start).map(same),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

function middle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const replaced = (): DiffLine[] => [
    ...before.map((text): DiffLine => ({ kind: 'removed', text })),
    ...after.map((text): DiffLine => ({ kind: 'added', text })),
  ];
  if (before.length === 0 || after.length === 0 || before.length > MAX_LINES || after.length > MAX_LINES)
    return replaced();
  return walked(before, after, commonLengths(before, after));
}

/** `lengths[i * width + j]`: how many lines the texts after i and j have in common. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint16Array {
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const at = i * width + j;
      const isSame = before[i] === after[j];
      lengths[at] = isSame
        ? (lengths[at + width + 1] ?? 0) + 1
        : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0);
    }
  }
  return lengths;
}

function walked(before: readonly string[], after: readonly string[], lengths: Uint16Array): DiffLine[] {
  const width = after.length + 1;
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, fresh] = [before[i], after[j]];
    if (old !== undefined && old === fresh) {
      lines.push({ kind: 'same', text: old });
      i++;
      j++;
    } else if (old !== undefined && (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0)) {
      lines.push({ kind: 'removed', text: old });
      i++;
    } else {
      lines.push({ kind: 'added', text: fresh ?? '' });
      j++;
    }
  }
  return inOrder(lines);
}

/** Of lines that changed together those that went come first. */
function inOrder(lines: readonly DiffLine[]): DiffLine[] {
  const done: DiffLine[] = [];
  const added: DiffLine[] = [];
  for (const line of lines) {
    if (line.kind === 'added') added.push(line);
    else {
      if (line.kind === 'same') done.push(...added.splice(0));
      done.push(line);
    }
  }
  return [...done, ...added];
}

/** Lines around what changed; longer stretches of the same are left out, with their number. */
export function folded(lines: readonly DiffLine[], around = 3): (DiffLine | { kind: 'left out'; count: number })[] {
  const near = lines.map((_line, at) =>
    lines.slice(Math.max(0, at - around), at + around + 1).some(({ kind }) => kind !== 'same'),
  );
  const shown: (DiffLine | { kind: 'left out'; count: number })[] = [];
  for (const [at, line] of lines.entries()) {
    const last = shown.at(-1);
    if (near[at]) shown.push(line);
    else if (last?.kind === 'left out') last.count++;
    else shown.push({ kind: 'left out', count: 1 });
  }
  return shown;
}

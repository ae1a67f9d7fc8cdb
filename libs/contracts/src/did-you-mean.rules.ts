/** Levenshtein's distance, given up beyond `most`. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] as number) + 1, (current[column - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}

/** `; did you mean "values"?` when one of the known words is close, otherwise nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  if (word.length > 64) return '';
  const most = word.length <= 3 ? 1 : 2;
  let best: string | null = null;
  let least = most + 1;
  for (const candidate of known) {
    const far = distance(word.toLowerCase(), candidate.toLowerCase(), most);
    if (far < least) {
      least = far;
      best = candidate;
    }
  }
  return best === null ? '' : `; did you mean "${best}"?`;
}

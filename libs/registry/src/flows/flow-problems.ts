import type { FieldProblem } from '@sluice/contracts';

/** Collects what is wrong with a flow; `at` builds the JSON pointer (RFC 6901) as one goes down. */
export class FlowProblems {
  readonly found: FieldProblem[] = [];
  private readonly told = new Set<string>();

  /** Says it once: several checks may come upon the same. */
  add(pointer: string, message: string): void {
    const problem = `${pointer} ${message}`;
    if (this.told.has(problem)) return;
    this.told.add(problem);
    this.found.push({ pointer, message });
  }
}

/** The pointer of a member of the value at `pointer`. */
export function at(pointer: string, ...parts: readonly (string | number)[]): string {
  return parts.reduce<string>((path, part) => {
    const escaped = String(part).replaceAll('~', '~0').replaceAll('/', '~1');
    return `${path}/${escaped}`;
  }, pointer);
}

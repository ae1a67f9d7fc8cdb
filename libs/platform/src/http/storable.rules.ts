import type { FieldProblem } from '@sluice/contracts';

const NUL = 'must not contain the character NUL (U+0000)';
const HALF = 'must not contain half of a surrogate pair';

const escapePointer = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1');

function problemOf(text: string): string | null {
  if (text.includes('\0')) return NUL;
  return text.isWellFormed() ? null : HALF;
}

/**
 * Texts, names of fields among them, that PostgreSQL cannot hold or read back, each by its JSON pointer; at most `most`.
 * Stored inside a JSON document they are harmless until somebody asks the database for one field of it: then the
 * statement fails, and with it every list that the document would be in.
 */
export function unstorableTexts(value: unknown, pointer = '', most = 20): FieldProblem[] {
  if (typeof value === 'string') {
    const message = problemOf(value);
    return message === null ? [] : [{ pointer, message }];
  }
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return [];
  const found: FieldProblem[] = [];
  for (const [name, each] of Object.entries(value)) {
    if (found.length >= most) break;
    const message = problemOf(name);
    if (message === null)
      found.push(...unstorableTexts(each, `${pointer}/${escapePointer(name)}`, most - found.length));
    else found.push({ pointer, message: `a name in it ${message}` });
  }
  return found;
}

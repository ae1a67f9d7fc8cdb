const PREFIX = '/t/';
const QUESTION_MARK = 0x3f;
const DASH = 0x2d;
/** Ids are 36; what is longer is the framework's to refuse. */
const LONGEST = 64;

/** Lower-case letters, digits and dashes: characters that mean themselves in a path. */
function isPlain(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a) || code === DASH;
}

/** The id in `/t/{id}` or `/t/{id}?…` where it can be read off as it stands; null for every other target. */
export function plainTriggerId(target: string): string | null {
  if (!target.startsWith(PREFIX)) return null;
  let end = PREFIX.length;
  while (end < target.length && isPlain(target.charCodeAt(end))) end++;
  if (end === PREFIX.length || end - PREFIX.length > LONGEST) return null;
  if (end < target.length && target.charCodeAt(end) !== QUESTION_MARK) return null;
  return target.slice(PREFIX.length, end);
}

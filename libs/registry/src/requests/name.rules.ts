/**
 * Not in a name: controls, half of a surrogate pair, and what is there without being seen or turns the text around it:
 * bidirectional embeddings, overrides and isolates (UAX #9; one of them can make `gpj.exe` read `exe.jpg`), zero-width
 * space, word joiner, byte order mark, soft hyphen, line and paragraph separators, fillers. The two joiners stay: Persian
 * words and composed emoji need them, and so do the direction marks that Hebrew and Arabic text carries.
 */
const UNSEEN =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|\u034f|\p{Noncharacter_Code_Point}/u;
/** At least one character has to be seen. */
const SEEN = /[^\p{C}\p{Z}\p{M}]/u;

/** One spelling for what looks the same: letters composed (NFC), without blanks around. */
export function tidyName(text: string): string {
  return text.normalize('NFC').trim();
}

/** What is wrong with a name that is tidy and of the right length; null when nothing is. */
export function nameProblem(text: string): string | null {
  if (UNSEEN.test(text)) return 'must not contain control, invisible or direction-changing characters';
  return SEEN.test(text) ? null : 'must contain at least one visible character';
}

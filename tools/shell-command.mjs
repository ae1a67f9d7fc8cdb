/** A command for a POSIX shell: each of its words as it is, whatever is in it. */
export function shellCommand(words) {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}

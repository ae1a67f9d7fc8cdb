// What tools/check-docs.mjs runs: the shell blocks of a page that say `<!-- checked -->`, and what each should print.

const MARK = '<!-- checked -->';
const FENCE = /^```(\w*)\s*$/;

/**
 * The checked blocks of a page, in order. A `json` or `text` block that follows (prose may stand between them, another
 * checked block may not) is what the commands print; `…` in it stands for anything.
 * @throws Error for a mark that no `sh` block follows, and for a fence that is not closed.
 */
export function checkedBlocks(markdown) {
  const blocks = [];
  let isMarked = false;
  let awaiting = null;
  for (const { language, text, line, isFence } of pieces(markdown)) {
    if (!isFence) {
      if (text.trim() === '') continue;
      if (isMarked) throw new Error(`line ${line}: ${MARK} stands before something that is no sh block`);
      isMarked = text.trim() === MARK;
    } else if (language === 'sh') {
      awaiting = isMarked ? { line, commands: text, expected: null } : null;
      if (awaiting) blocks.push(awaiting);
      isMarked = false;
    } else {
      if (isMarked) throw new Error(`line ${line}: ${MARK} stands before a ${language || 'plain'} block`);
      if (awaiting && (language === 'json' || language === 'text')) awaiting.expected = { language, text };
      awaiting = null;
    }
  }
  if (isMarked) throw new Error(`${MARK} stands at the end of the page`);
  return blocks;
}

/** Lines of prose and whole fenced blocks. */
function* pieces(markdown) {
  const lines = markdown.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const fence = FENCE.exec(lines[index]);
    if (!fence) {
      yield { isFence: false, text: lines[index], line: index + 1 };
      continue;
    }
    const start = index + 1;
    const end = lines.indexOf('```', start);
    if (end < 0) throw new Error(`line ${start}: the block is not closed`);
    yield { isFence: true, language: fence[1], text: lines.slice(start, end).join('\n'), line: start };
    index = end;
  }
}

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether the output is what the page says; blanks between the tokens of JSON do not matter, nor those at line ends. */
export function isAsExpected(output, { language, text }) {
  const plain = (value) =>
    language === 'json'
      ? value.replaceAll(/\s+/g, '')
      : value
          .replaceAll('\r', '')
          .replaceAll(/[ \t]+$/gm, '')
          .trim();
  const pattern = plain(text).split('…').map(escaped).join('[\\s\\S]*?');
  return new RegExp(`^${pattern}$`).test(plain(output));
}

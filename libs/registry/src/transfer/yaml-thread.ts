import { parentPort, workerData } from 'node:worker_threads';
import { isScalar, parseDocument, stringify, visit } from 'yaml';

/** What the thread is asked: YAML to JSON text, or JSON text to YAML. */
export interface YamlTask {
  from: 'yaml' | 'json';
  text: string;
}

export type YamlResult = { text: string } | { problem: string };

/** More aliases than this are an attack: each may stand for everything before it. */
const MAX_ALIASES = 100;

function toJson(text: string): YamlResult {
  const document = parseDocument(text, { version: '1.2', schema: 'core', merge: false, uniqueKeys: true });
  // A warning is of a tag that nobody knows here: what it stands for would be lost.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem?.code === 'MULTIPLE_DOCS')
    return { problem: 'it has more than one document: a line --- begins another one' };
  if (problem) return { problem: problem.message };
  try {
    let hasPrototype = false;
    visit(document, {
      Pair: (_key, { key }) => {
        if (!isScalar(key) || key.value !== '__proto__') return;
        hasPrototype = true;
        return visit.BREAK;
      },
    });
    // As in JSON: JavaScript would take it for something else than data.
    if (hasPrototype) return { problem: 'a key must not be __proto__' };
    return { text: JSON.stringify(document.toJS({ maxAliasCount: MAX_ALIASES })) ?? 'null' };
  } catch (thrown) {
    return { problem: (thrown as Error).message };
  }
}

/** The whole of the thread; alone in it, because YAML of megabytes takes seconds that nobody else should wait for. */
function run(): void {
  const { from, text } = workerData as YamlTask;
  const result: YamlResult =
    from === 'yaml'
      ? toJson(text)
      : { text: stringify(JSON.parse(text), { lineWidth: 0, aliasDuplicateObjects: false }) };
  parentPort?.postMessage(result);
}

run();

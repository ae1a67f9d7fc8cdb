import { parentPort, workerData } from 'node:worker_threads';
import { parseDocument, stringify } from 'yaml';

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
  const [error] = document.errors;
  if (error) return { problem: error.message };
  try {
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

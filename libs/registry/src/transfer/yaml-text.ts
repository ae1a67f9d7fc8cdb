import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { registryError } from '../registry.errors.ts';
import type { YamlResult, YamlTask } from './yaml-thread.ts';

const TIME_LIMIT_MS = 20_000;
const HEAP_MB = 512;
const AT_ONCE = 2;
/** The thread's file stands beside this one: `.ts` under test, `.js` when it was built. */
const THREAD = new URL(`./yaml-thread${path.extname(import.meta.url)}`, import.meta.url);

let running = 0;

/**
 * YAML as JSON text (the core schema: no tags that make objects, no merge keys), read in a thread of its own.
 * @throws AppError `malformed_yaml` for what is no YAML, has too many aliases, or takes too long or too much memory;
 *   `too_many_imports` when others are at it.
 */
export function jsonOfYaml(text: string): Promise<string> {
  return inThread({ from: 'yaml', text });
}

export function yamlOfJson(text: string): Promise<string> {
  return inThread({ from: 'json', text });
}

/**
 * The body of a route that takes YAML, too: bytes are YAML, everything else was read as JSON.
 * @throws AppError as `jsonOfYaml`.
 */
export async function bodyOf(body: unknown): Promise<unknown> {
  if (!Buffer.isBuffer(body)) return body;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw registryError('malformed_yaml', 'it is not UTF-8', { cause: error });
  }
  return JSON.parse(await jsonOfYaml(text)) as unknown;
}

async function inThread(task: YamlTask): Promise<string> {
  if (running >= AT_ONCE) throw registryError('too_many_imports', 'others are being read: try again in a moment');
  running += 1;
  try {
    const result = await resultOf(task);
    if ('problem' in result) throw registryError('malformed_yaml', result.problem.slice(0, 500));
    return result.text;
  } finally {
    running -= 1;
  }
}

function resultOf(task: YamlTask): Promise<YamlResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(THREAD, { workerData: task, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
    const timer = setTimeout(() => {
      resolve({ problem: `it was not read within ${TIME_LIMIT_MS / 1000} s` });
      void worker.terminate();
    }, TIME_LIMIT_MS);
    worker.once('message', resolve);
    worker.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve({ problem: 'it takes too much memory to read' });
      else reject(error);
    });
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the thread ended without a result'));
    });
  });
}

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const START_TIMEOUT_MS = 60_000;
const KEPT_CHARACTERS = 4_000;

/** What it said first, or what became of it instead. */
async function firstWord(child: ChildProcessWithoutNullStreams): Promise<string> {
  const said = once(child.stdout, 'data').then(([chunk]: Buffer[]) => String(chunk));
  const ended = once(child, 'exit').then(() => 'it ended');
  const late = new Promise<string>((resolve) => setTimeout(() => resolve('it said nothing'), START_TIMEOUT_MS).unref());
  return await Promise.race([said, ended, late]);
}

/**
 * Starts Node with these arguments as a process that a test may kill, and waits until it prints "ready". It gets the
 * environment of the test without NODE_OPTIONS. What it is told after its death is lost without an error.
 * @throws Error with the end of its stderr when it ends before, prints something else or takes longer than a minute.
 */
export async function startChildProgram(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '', ...env }, stdio: 'pipe' });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk.toString()}`.slice(-KEPT_CHARACTERS);
  });
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const word = await firstWord(child);
  if (word.startsWith('ready')) return child;
  child.kill('SIGKILL');
  throw new Error(`${args.join(' ')} did not become ready (${word}): ${errors}`);
}

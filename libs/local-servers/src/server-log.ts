import { openSync } from 'node:fs';
import { readFile, rename, stat } from 'node:fs/promises';
import { hasCode } from './local-server.errors.ts';

const LIMIT_BYTES = 10 * 1024 * 1024;

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0;
    throw error;
  }
}

/** A server's log, opened for appending; one that has grown past 10 MB becomes `<file>.1` first. Close the descriptor. */
export async function openServerLog(file: string): Promise<{ file: string; fd: number; size: number }> {
  let size = await sizeOf(file);
  if (size > LIMIT_BYTES) {
    await rename(file, `${file}.1`);
    size = 0;
  }
  return { file, fd: openSync(file, 'a', 0o600), size };
}

/** The last lines that were written after the first `from` bytes. */
export async function tailOfLog(file: string, from: number): Promise<string> {
  const text = (await readFile(file)).subarray(from).toString();
  return text.trim().split('\n').slice(-12).join('\n');
}

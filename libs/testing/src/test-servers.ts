import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** Set by servers.global-setup.ts; workers inherit it. */
export const RUN_DIR_VARIABLE = 'SLUICE_TEST_RUN_DIR';
export const RUN_PREFIX = 'sluice-tests-';
/** Inside the run's directory. */
export const KAFKA_DIR = 'kafka';
export const DATABASE_URL_VARIABLE = 'SLUICE_TEST_DATABASE_URL';

export function requiredOfSetup(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(
    `${name} is not set: real servers exist in *.int.spec.ts and *.e2e.spec.ts only, whose vitest project has libs/testing/src/servers.global-setup.ts`,
  );
}

/** Where the run's servers keep their files, and what they tell each other across workers. */
export function runFile(name: string): string {
  return path.join(requiredOfSetup(RUN_DIR_VARIABLE), name);
}

export async function readNote(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

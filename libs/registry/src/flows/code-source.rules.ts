import { Script } from 'node:vm';

/**
 * What is wrong with the source of a code step, or null. It is compiled and thrown away; nothing of it runs. The engine
 * that runs it later knows the same language but is another one, so this is a help and not a wall.
 */
export function problemOfCode(source: string): string | null {
  try {
    new Script(`(async function (input) { 'use strict';\n${source}\n})`, { filename: 'code' });
    return null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) return 'it is nested too deeply';
    const line = Number(/^code:(\d+)/.exec(error.stack ?? '')?.[1] ?? 2) - 1;
    return `line ${Math.max(1, line)}: ${error.message}`;
  }
}

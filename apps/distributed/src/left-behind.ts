import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  hasEnded,
  identify,
  isAlive,
  type ProcessIdentity,
  signalProcess,
  writePrivately,
} from '@sluice/local-servers';

/** Who we have started, across pid reuse, so that the start after our own kill -9 can end those who are left. */
export class LeftBehind {
  private readonly file: string;
  private readonly running = new Map<string, ProcessIdentity>();
  private writing: Promise<void> = Promise.resolve();

  constructor(dataDir: string) {
    this.file = path.join(dataDir, 'processes.json');
  }

  private read(): ProcessIdentity[] {
    try {
      return JSON.parse(readFileSync(this.file, 'utf8')) as ProcessIdentity[];
    } catch (error) {
      if (error instanceof SyntaxError) return []; // cut short by a crash of the machine: they ended with it
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Ends what an earlier launcher left. They get no time: their launcher had none either, and nothing is lost. */
  async clear(print: (line: string) => void): Promise<void> {
    for (const process of this.read().filter(isAlive)) {
      print(`ending a process of an earlier run (pid ${process.pid})`);
      signalProcess(process.pid, 'SIGKILL');
      await hasEnded(process, 5_000);
    }
    this.remove();
  }

  note(name: string, pid: number): void {
    const identity = identify(pid);
    if (!identity) return; // ended already
    this.running.set(name, identity);
    const text = `${JSON.stringify([...this.running.values()])}\n`;
    this.writing = this.writing.then(() => writePrivately(this.file, text));
  }

  async settled(): Promise<void> {
    await this.writing;
  }

  remove(): void {
    rmSync(this.file, { force: true });
  }
}

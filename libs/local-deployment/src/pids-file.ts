import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** `<data dir>/pids.json`: which process is which, so that a fault test can end exactly one of them. */
export class PidsFile {
  private readonly pids: Record<string, number> = {};
  private readonly file: string;

  constructor(dataDir: string) {
    this.file = path.join(dataDir, 'pids.json');
  }

  set(name: string, pid: number): void {
    this.pids[name] = pid;
    const draft = `${this.file}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify(this.pids, null, 2)}\n`);
    renameSync(draft, this.file);
  }

  remove(): void {
    rmSync(this.file, { force: true });
  }
}

import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '@sluice/local-servers';

const RESTART_DELAY_MS = 500;

/** An embedded PostgreSQL that is started again when somebody ends it; the port and the address stay the same. */
export class SupervisedPostgres {
  private stopping = false;
  private constructor(
    private server: PostgresServer,
    private readonly dir: string,
    private readonly print: (line: string) => void,
    private readonly onPid: (pid: number) => void,
  ) {}

  static async start(
    dataDir: string,
    print: (line: string) => void,
    onPid: (pid: number) => void,
  ): Promise<SupervisedPostgres> {
    const dir = path.join(dataDir, 'postgres');
    const server = await startPostgres({ dir, log: print });
    onPid(server.pid);
    const supervised = new SupervisedPostgres(server, dir, print, onPid);
    void supervised.watch();
    return supervised;
  }

  get url(): string {
    return this.server.url;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.server.stop();
  }

  private async watch(): Promise<void> {
    for (;;) {
      const reason = await this.server.exited;
      if (this.stopping) return;
      this.print(`PostgreSQL ended (${reason.signal ?? `exit code ${reason.code}`}); starting it again`);
      await this.restart();
      if (this.stopping) return;
    }
  }

  private async restart(): Promise<void> {
    while (!this.stopping) {
      try {
        this.server = await startPostgres({ dir: this.dir, log: this.print });
        this.onPid(this.server.pid);
        if (this.stopping) await this.server.stop();
        return;
      } catch (error) {
        this.print(`PostgreSQL does not start: ${(error as Error).message}`);
        await sleep(RESTART_DELAY_MS);
      }
    }
  }
}

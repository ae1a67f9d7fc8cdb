import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '@sluice/local-servers';

const FIRST_DELAY_MS = 500;
/** On a full disk each start repeats the whole recovery and fails at its end: once in a while is enough. */
const LONGEST_DELAY_MS = 10_000;

/** An embedded PostgreSQL that is started again when somebody ends it; the port and the address stay the same. */
export class SupervisedPostgres {
  private stopping = false;
  private readonly stopped = new AbortController();
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
    this.stopped.abort();
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
    for (let delayMs = FIRST_DELAY_MS; !this.stopping; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
      try {
        this.server = await startPostgres({ dir: this.dir, log: this.print });
        this.onPid(this.server.pid);
        if (this.stopping) await this.server.stop();
        return;
      } catch (error) {
        this.print(`PostgreSQL does not start: ${(error as Error).message}`);
        await sleep(delayMs, undefined, { signal: this.stopped.signal }).catch(() => undefined);
      }
    }
  }
}

import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaServer, startKafka } from '@sluice/local-servers';
import type { Watching } from './supervised-process.ts';

const RETRY_MS = 1_000;

/** An Apache Kafka that is started again when somebody ends it; its address stays the same. */
export class SupervisedKafka {
  private stopping = false;
  private restarting: Promise<void> = Promise.resolve();

  private constructor(
    private server: KafkaServer,
    private readonly dir: string,
    private readonly watching: Watching,
  ) {}

  static async start(dataDir: string, watching: Watching): Promise<SupervisedKafka> {
    const dir = path.join(dataDir, 'kafka');
    const server = await startKafka({ dir, log: watching.print });
    watching.onPid('kafka', server.pid);
    const supervised = new SupervisedKafka(server, dir, watching);
    supervised.watch();
    return supervised;
  }

  get brokers(): string {
    return this.server.brokers;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.restarting; // one that is just coming up would be left running
    await this.server.stop();
  }

  private watch(): void {
    void this.server.exited.then((reason) => {
      if (this.stopping) return;
      this.watching.print(`Apache Kafka ended (${reason.signal ?? `exit code ${reason.code}`}); starting it again`);
      this.restarting = this.restart();
    });
  }

  private async restart(): Promise<void> {
    while (!this.stopping) {
      try {
        this.server = await startKafka({ dir: this.dir, log: this.watching.print });
        this.watching.onPid('kafka', this.server.pid);
        this.watch();
        return;
      } catch (error) {
        this.watching.print(`Apache Kafka does not start: ${error instanceof Error ? error.message : String(error)}`);
        await sleep(RETRY_MS);
      }
    }
  }
}

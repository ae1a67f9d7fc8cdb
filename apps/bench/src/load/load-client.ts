import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { KnockResult } from './knocking.ts';
import type { LoadOrder, LoadResult } from './load-order.ts';

/** The parent's side of a load process of its own, so that firing does not wait for what the bench itself does. */
export class LoadClient {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(fileURLToPath(new URL('./load-process.js', import.meta.url)), [], { stdio: 'inherit' });
  }

  /** Starts the receiver; resolves with its port on 127.0.0.1. */
  async receiver(): Promise<number> {
    this.child.send({ receiver: true });
    return ((await this.answer()) as { port: number }).port;
  }

  async run(order: LoadOrder): Promise<LoadResult> {
    this.child.send({ order });
    return ((await this.answer()) as { result: LoadResult }).result;
  }

  /** Sends at the order's rate without waiting for answers. */
  async knock(order: LoadOrder): Promise<KnockResult> {
    this.child.send({ knock: order });
    return ((await this.answer()) as { result: KnockResult }).result;
  }

  private answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`the load process ended with ${code}`));
      this.child.once('exit', onExit);
      this.child.once('message', (message) => {
        this.child.off('exit', onExit);
        resolve(message);
      });
    });
  }
}

import { Controller, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { type CustomTransportStrategy, EventPattern, type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHttpApp, type HttpApp } from './http-app.ts';

const seen: unknown[] = [];

@Controller()
class BatchesConsumer {
  @EventPattern('batches')
  onBatch(batch: unknown): void {
    seen.push(batch);
  }
}

@Module({ imports: [DiscoveryModule], controllers: [BatchesConsumer] })
class BatchesModule {}

class Strategy extends Server implements CustomTransportStrategy {
  readonly handlers = new Map<string, MessageHandler>();
  override addHandler(pattern: unknown, callback: MessageHandler): void {
    this.handlers.set(String(pattern), callback);
  }
  listen(done: () => void): void {
    done();
  }
  close(): void {}
  override on(): never {
    throw new Error('has no events');
  }
  override unwrap(): never {
    throw new Error('has no server');
  }
}

let app: HttpApp;
const strategy = new Strategy();
beforeAll(async () => {
  app = await createHttpApp({ module: BatchesModule, logger: false, strategy });
  await app.listen('127.0.0.1', 0);
});
afterAll(() => app.close());

async function hand(pattern: string, batch: unknown): Promise<void> {
  const result: unknown = await strategy.handlers.get(pattern)?.(batch, undefined);
  if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
}

it('what the bus hands to a consumer is not checked as the body of a request: it is the same object, whatever its texts', async () => {
  let read = 0;
  const batch = {
    events: [
      {
        get data() {
          read++;
          return 'NUL \0 and half a pair \ud800';
        },
      },
    ],
  };
  await hand('batches', batch);
  expect(seen[0]).toBe(batch);
  expect(read).toBe(0);
});

import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { newId, TOPICS } from '@sluice/contracts';
import { TransientError } from '@sluice/event-store';
import { afterEach, describe, expect, it } from 'vitest';
import { BusBindings } from './bus-bindings.ts';
import type { BusEvent, EventBatch } from './bus.contract.ts';
import { Consumes } from './consuming/consumes.ts';
import { event } from './contract/bus-world.fixture.ts';
import { QuietLogger } from './contract/quiet-logger.fixture.ts';
import { deadLetterCommandConsumer } from './dead-letters/dead-letter-commands.consumer.ts';
import { DeadLetters } from './dead-letters/dead-letters.ts';
import { MemoryBus } from './memory/memory-bus.ts';
import { MemoryEventStore } from './memory/memory-event-store.ts';

const seen: BusEvent[] = [];
let failWith: unknown = null;
let failures = 0;

@Controller()
class TriggersConsumer {
  @Consumes('gateway.events', { group: 'runner', types: ['TriggerAccepted'] })
  async onTriggers(batch: EventBatch): Promise<void> {
    if (failures > 0) {
      failures--;
      throw failWith;
    }
    seen.push(...batch.events);
  }
}

@Controller()
class CopyConsumer {
  @Consumes('gateway.events', { group: 'runner:copy', mode: 'everyInstance' })
  async onAny(_batch: EventBatch): Promise<void> {}
}

describe('@Consumes in a Nest application', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    seen.length = 0;
    failures = 0;
  });

  async function start(
    controllers: Type<unknown>[],
    options: Partial<ConstructorParameters<typeof MemoryBus>[0]> = {},
  ) {
    const bindings = new BusBindings();
    const store = new MemoryEventStore(TOPICS.filter((topic) => topic.startsWith('gateway.')));
    bindings.bind({ service: 'gateway', store });
    bindings.bind({ service: 'runner', store: new MemoryEventStore(['runner.events', 'runner.answers']) });
    const log = new MemoryEventStore(['delivery-log.events']);
    bindings.bind({ service: 'delivery-log', store: log });
    const logger = new QuietLogger();
    const bus = new MemoryBus({ bindings, logger, redeliver: 0, ...options });
    class TestModule {}
    Module({ controllers, providers: [{ provide: BusBindings, useValue: bindings }] })(TestModule);
    const app = await NestFactory.createMicroservice(TestModule, { strategy: bus, logger: false, abortOnError: false });
    closing.push(() => app.close());
    await app.listen();
    await bus.ready();
    return { bus, store, log, logger, letters: new DeadLetters(bindings) };
  }

  it('a method of a controller receives batches', async () => {
    const { store, bus } = await start([TriggersConsumer, CopyConsumer]);
    const stream = newId();
    await store.append(stream, 0, [event('Other'), event('TriggerAccepted', { a: 1 })]);
    await bus.settled();
    expect(seen.map((each) => each.data)).toEqual([{ a: 1 }]);
    const groups = bus.statuses().map(({ group, joined }) => [group, joined]);
    expect(groups).toEqual([
      ['runner', true],
      ['runner:copy', true],
    ]);
  });

  it('a transient error of a handler reaches the bus as it is: it is tried again, nothing is parked', async () => {
    const { store, bus, letters } = await start([TriggersConsumer]);
    failWith = new TransientError('away');
    failures = 3;
    await store.append(newId(), 0, [event('TriggerAccepted')]);
    await bus.settled();
    expect(seen).toHaveLength(1);
    expect(await letters.list()).toEqual([]);
  });

  it.each([
    ['a TypeError', new TypeError('cannot read'), { name: 'TypeError', message: 'cannot read' }],
    ['a string', 'text', { name: 'Error', message: 'text' }],
    ['nothing at all', undefined, { name: 'Error', message: 'undefined' }],
  ])(
    '%s thrown by a handler reaches the dead letter unchanged, and the consumer lives on',
    async (_, thrown, error) => {
      const { store, bus, letters } = await start([TriggersConsumer]);
      failWith = thrown;
      failures = 1;
      await store.append(newId(), 0, [event('TriggerAccepted')]);
      await bus.settled();
      await store.append(newId(), 0, [event('TriggerAccepted')]);
      await bus.settled();
      expect((await letters.list()).map((letter) => letter.error)).toEqual([error]);
      expect(seen).toHaveLength(1);
    },
  );

  it('each service obeys the commands for its own dead letters', async () => {
    const { store, log, bus, letters, logger } = await start([TriggersConsumer, deadLetterCommandConsumer('runner')]);
    failWith = new TypeError('not today');
    failures = 1;
    await store.append(newId(), 0, [event('TriggerAccepted')]);
    await bus.settled();
    const [letter] = await letters.list();
    const command = { deadLetterId: letter?.id, action: 'retry', requestedAt: new Date().toISOString() };
    await log.append(newId(), 0, [event('DeadLetterCommand', { ...command, group: 'dispatcher' })]);
    await bus.settled();
    expect(await letters.list()).toHaveLength(1);
    await log.append(newId(), 0, [event('DeadLetterCommand', { ...command, group: 'runner' })]);
    await bus.settled();
    expect(await letters.list()).toEqual([]);
    expect(seen).toHaveLength(1);
    expect(logger.lines.some((line) => line.startsWith('error'))).toBe(true);
  });

  it('every call of a handler runs inside the onBatch hook', async () => {
    const wrapped: string[] = [];
    const { store, bus } = await start([TriggersConsumer], {
      onBatch: async (batch, run) => {
        wrapped.push(`begin ${batch.group} ${batch.topic}`);
        await run();
        wrapped.push('end');
      },
    });
    await store.append(newId(), 0, [event('TriggerAccepted')]);
    await bus.settled();
    expect(wrapped).toEqual(['begin runner gateway.events', 'end']);
  });

  it('two handlers of one group on one topic, a foreign pattern and an unknown service are refused at the start', async () => {
    @Controller()
    class Twin {
      @Consumes('gateway.events', { group: 'runner' })
      async on(_batch: EventBatch): Promise<void> {}
    }
    @Controller()
    class Question {
      @MessagePattern('sum')
      sum(): number {
        return 1;
      }
    }
    @Controller()
    class Stranger {
      @Consumes('gateway.events', { group: 'billing' })
      async on(_batch: EventBatch): Promise<void> {}
    }
    await expect(start([TriggersConsumer, Twin])).rejects.toThrow(/group of its own/);
    await expect(start([Question])).rejects.toThrow(/@Consumes/);
    await expect(start([Stranger])).rejects.toThrow(/name of a service/);
  });
});

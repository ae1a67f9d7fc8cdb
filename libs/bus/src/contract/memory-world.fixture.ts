import { type ServiceName, TOPICS, serviceOf } from '@sluice/contracts';
import { TransientError } from '@sluice/event-store';
import { BusBindings } from '../bus-bindings.ts';
import { DeadLetters } from '../dead-letters/dead-letters.ts';
import { MemoryBus } from '../memory/memory-bus.ts';
import { MemoryEventStore } from '../memory/memory-event-store.ts';
import { MemoryStatement } from '../memory/memory-statement.ts';
import { QuietLogger } from './quiet-logger.fixture.ts';
import type { BusProcess, BusWorld, Effect, ProcessSpec } from './bus-world.fixture.ts';

const SERVICES: readonly ServiceName[] = ['gateway', 'runner', 'delivery-log'];

/** Everything in memory, one process at a time: what a killed one left is there for the next. */
export function memoryWorld(options: { seed?: number } = {}): BusWorld {
  const stores = new Map(
    SERVICES.map((service) => [service, new MemoryEventStore(TOPICS.filter((topic) => serviceOf(topic) === service))]),
  );
  const bindings = new BusBindings();
  for (const [service, store] of stores) bindings.bind({ service, store });
  const effects: Effect[] = [];
  const statement = new MemoryStatement('test_effects', {
    check: () => {},
    apply: ([effect]) => void effects.push(effect as Effect),
  });
  const running: BusProcess[] = [];
  const setAway = (away: Error | null): void => {
    for (const store of stores.values()) store.away = away;
  };
  return {
    async start(spec: ProcessSpec = {}) {
      const { failpoint } = spec;
      const logger = new QuietLogger();
      const bus = new MemoryBus({
        bindings,
        logger,
        recoverEveryMs: 200,
        ...options,
        ...(failpoint ? { failpoint } : {}),
      });
      const process: BusProcess = {
        bus,
        bindings,
        letters: new DeadLetters(bindings),
        store: (service) => stores.get(service) as MemoryEventStore,
        effects: (events) => ({
          statement,
          rows: events.map(({ streamId, version, type }) => [{ streamId, version, type } satisfies Effect]),
        }),
        close: () => bus.close(),
      };
      spec.consumers?.(bus, process);
      await new Promise<void>((resolve, reject) => bus.listen((error) => (error ? reject(error) : resolve())));
      await bus.ready();
      running.push(process);
      return process;
    },
    effects: async () => effects,
    databaseAway: async () => setAway(new TransientError('the database is away')),
    databaseBack: async () => setAway(null),
    async remove() {
      await Promise.all(running.map((process) => process.close()));
    },
  };
}

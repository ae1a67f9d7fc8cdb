// A process of its own with three services, their relays and one consumer, for tests that kill or freeze it.
// Run with `node --conditions=@sluice/source`; prints "ready" when it has joined.
import process from 'node:process';
import { KafkaBus } from '../kafka/kafka-bus.ts';
import { PostgresBus } from '../postgres/postgres-bus.ts';
import { commits } from './bus-world.fixture.ts';
import type { ChildSpec } from './child-process.fixture.ts';
import { postgresWorld } from './postgres-world.fixture.ts';

const spec = JSON.parse(process.argv[2] ?? '{}') as ChildSpec;
const say = (line: unknown): void => void process.stderr.write(`${String(line)}\n`);
const logger = { log: say, warn: say, error: say };

const world = postgresWorld({
  url: spec.url,
  createBus: (bindings) =>
    spec.kafka
      ? new KafkaBus({
          bindings,
          instanceId: 'child',
          logger,
          kafka: spec.kafka,
          ownServices: ['gateway', 'runner', 'delivery-log'],
        })
      : new PostgresBus({ bindings, instanceId: 'child', logger }),
});
const child = await world.start({
  consumers: (bus, self) => {
    if (spec.consumes) bus.consume('gateway.events', { group: 'runner' }, commits(self));
  },
});
await child.bus.ready();
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.on('end', () => void world.remove().then(() => process.exit(0)));

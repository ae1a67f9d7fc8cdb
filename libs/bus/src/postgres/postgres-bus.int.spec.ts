import { createTestDatabase, temporaryPostgres } from '@sluice/testing';
import { afterAll, beforeAll } from 'vitest';
import type { BusWorld } from '../contract/bus-world.fixture.ts';
import { describeDelivery } from '../contract/delivery.contract-suite.ts';
import { describeFailure } from '../contract/failure.contract-suite.ts';
import { describeProcesses } from '../contract/processes.contract-suite.ts';
import { postgresWorld, prepareBusTables } from '../contract/postgres-world.fixture.ts';
import { QuietLogger } from '../contract/quiet-logger.fixture.ts';
import { copyOfDatabase } from '../contract/stoppable-postgres.fixture.ts';
import { PostgresBus } from './postgres-bus.ts';

const template = { name: 'bus 1', prepare: prepareBusTables };
let own: Awaited<ReturnType<typeof temporaryPostgres>>;
beforeAll(async () => {
  own = await temporaryPostgres();
  await prepareBusTables(own.server.url);
});
afterAll(() => own.remove());

function worldOn(url: string, soleWriter: boolean, more: Partial<Parameters<typeof postgresWorld>[0]>): BusWorld {
  return postgresWorld({
    url,
    createBus: (bindings, { failpoint }, number) =>
      new PostgresBus({
        bindings,
        instanceId: `process-${number}`,
        logger: new QuietLogger(),
        soleWriter,
        recoverEveryMs: 200,
        ...(failpoint ? { failpoint } : {}),
      }),
    ...more,
  });
}

async function world(soleWriter: boolean): Promise<BusWorld> {
  const database = await createTestDatabase({ template });
  return worldOn(database.url, soleWriter, { removed: () => database.drop() });
}

/** On a server of this file's own, which a test may stop. */
async function stoppableWorld(soleWriter: boolean): Promise<BusWorld> {
  return worldOn(await copyOfDatabase(own.server.url), soleWriter, {
    databaseAway: () => own.server.stop(),
    databaseBack: async () => void (await own.restart()),
  });
}

describeDelivery('Postgres bus, sole writer', () => world(true));
describeDelivery('Postgres bus, several processes', () => world(false));
describeFailure('Postgres bus, sole writer', () => stoppableWorld(true));
describeFailure('Postgres bus, several processes', () => stoppableWorld(false));
describeProcesses('Postgres bus', () => world(false));

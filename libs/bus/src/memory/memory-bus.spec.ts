import { randomInt } from 'node:crypto';
import { describeDelivery } from '../contract/delivery.contract-suite.ts';
import { describeFailure } from '../contract/failure.contract-suite.ts';
import { memoryWorld } from '../contract/memory-world.fixture.ts';

/** A failure is repeated with the seed that was printed. */
const seed = Number(process.env.SLUICE_TEST_SEED ?? randomInt(2 ** 31));
console.log(`memory bus: SLUICE_TEST_SEED=${seed}`);

describeDelivery('memory bus', async () => memoryWorld({ seed }));
describeFailure('memory bus', async () => memoryWorld({ seed }));

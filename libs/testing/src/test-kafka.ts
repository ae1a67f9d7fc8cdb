import { mkdir, rename, writeFile } from 'node:fs/promises';
import { startKafka } from '@sluice/local-servers';
import { KAFKA_DIR, readNote, runFile } from './test-servers.ts';
import { waitFor } from './wait-for.ts';

const START_TIMEOUT_MS = 120_000; // the first start of all downloads the jars

interface Outcome {
  brokers?: string;
  failure?: string;
}

async function isFirst(): Promise<boolean> {
  try {
    await mkdir(runFile('kafka.starting')); // atomic: of all workers, one makes it
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function tell(outcome: Outcome): Promise<void> {
  await writeFile(runFile('kafka.outcome.draft'), JSON.stringify(outcome));
  await rename(runFile('kafka.outcome.draft'), runFile('kafka.outcome'));
}

/**
 * The run's Apache Kafka, started by whoever asks first and stopped when the run ends. Topics and groups are shared by
 * all test files: make their names unique.
 */
export async function testKafka(): Promise<{ brokers: string }> {
  if (await isFirst()) {
    try {
      const { brokers } = await startKafka({ dir: runFile(KAFKA_DIR) });
      await tell({ brokers });
    } catch (error) {
      await tell({ failure: error instanceof Error ? error.message : String(error) });
    }
  }
  const note = await waitFor(() => readNote(runFile('kafka.outcome')), START_TIMEOUT_MS, "the run's Kafka");
  const outcome = JSON.parse(note) as Outcome;
  if (outcome.brokers === undefined) throw new Error(`the run's Kafka did not start: ${outcome.failure}`);
  return { brokers: outcome.brokers };
}

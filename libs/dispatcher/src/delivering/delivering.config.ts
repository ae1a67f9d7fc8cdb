import { Injectable } from '@nestjs/common';

/** Bounds of delivering. One instance per process; tests change theirs. */
@Injectable()
export class DeliveringConfig {
  /** What the names of the Etlworks headers begin with. */
  etlPrefix: string = 'X-Etl-Webhook';
  /** DL-03: everything from the name's resolution to the last byte of the answer. */
  attemptTimeoutMs: number = 15_000;
  /** Requests under way in this process, whatever their endpoints. About 200 endpoints that hang with a cap of 10. */
  maxInFlight: number = 2048;
  /** First attempts that may wait in memory, in all; past it their rows wait in the due-queue. */
  maxWaiting: number = 4000;
  /** The same as an estimate of their events' size. */
  maxWaitingBytes: number = 64 * 1024 * 1024;
  /** First attempts of one endpoint in memory, as a multiple of its concurrency. */
  waitingPerConcurrency: number = 4;
  /** Retries and overflow held by the due worker, in all; per endpoint its own concurrency. */
  retryConcurrency: number = 1024;
  /** How long a dead process keeps its deliveries. */
  leaseMs: number = 20_000;
  /** Recorded bodies are cut here; the receiver got all of it. */
  maxRecordedBytes: number = 64 * 1024;
  /** Nobody waits for the record of an attempt, so it may wait for company. */
  recordLingerMs: number = 10;
  /** After a record that can never be committed: when a person has had time to look. */
  unrecordableRetryMs: number = 3_600_000;
  /** A graceful stop waits this long for requests under way. */
  stopMs: number = 18_000;
}

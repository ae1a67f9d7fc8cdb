import { Injectable } from '@nestjs/common';

/** Bounds of delivering. One instance per process; tests change theirs. */
@Injectable()
export class DeliveringConfig {
  /** What the names of the Etlworks headers begin with. */
  etlPrefix: string = 'X-Etl-Webhook';
  /** The same for apps that have their own. */
  etlPrefixOfApp: Readonly<Record<string, string>> = {};
  /** DL-03: everything from the name's resolution to the last byte of the answer. */
  attemptTimeoutMs: number = 15_000;
  /** Requests under way in this process, whatever their endpoints. About 200 endpoints that hang with a cap of 10. */
  maxInFlight: number = 2048;
  /**
   * Deliveries planned in one commit, unless one event has more. Each is about 1.5 KiB of objects and of parameters, all
   * of them alive at once: ten events of one app's 10,000 endpoints were 150 MiB.
   */
  mostPlannedAtOnce: number = 5_000;
  /** First attempts that may wait in memory, in all; past it their rows wait in the due-queue. */
  maxWaiting: number = 40_000;
  /** The same as an estimate of their events' size. */
  maxWaitingBytes: number = 64 * 1024 * 1024;
  /**
   * First attempts of one endpoint in memory, as a multiple of its concurrency: while it has not shown how fast it is, and
   * at least, however slow it is. A delivery that goes by way of the table costs PostgreSQL 120 µs in place of 88.
   */
  waitingAtFirst: number = 40;
  waitingPerConcurrency: number = 4;
  /** What an endpoint holds in memory is measured against its speed so often. */
  trimMs: number = 1000;
  /** Retries and overflow held by the due worker, in all; per endpoint its own concurrency. */
  retryConcurrency: number = 1024;
  /** How long a dead process keeps its deliveries; others send for its endpoints after OwnershipConfig.leaseMs. */
  leaseMs: number = 12_000;
  /** Recorded bodies are cut here; the receiver got all of it. */
  maxRecordedBytes: number = 64 * 1024;
  /** Nobody waits for the record of an attempt, so it may wait for company. */
  recordLingerMs: number = 10;
  /** After a record that can never be committed: when a person has had time to look. */
  unrecordableRetryMs: number = 3_600_000;
  /** DL-04: people are told that an endpoint fails after so long of nothing but failure, and it is paused after so long. */
  warnAfterMs: number = 24 * 3_600_000;
  pauseAfterMs: number = 5 * 24 * 3_600_000;
  /** What was learnt of endpoints is written so often. */
  healthSaveMs: number = 1000;
  /** DL-10: people are told of an endpoint whose oldest delivery is so late, which is looked for so often. */
  backlogAfterMs: number = 15 * 60_000;
  backlogEveryMs: number = 60_000;
  /** Unix milliseconds; due times and all times of endpoints' health. Leases go by the database's clock. */
  now: () => number = () => Date.now();
  /** A graceful stop waits this long for requests under way. */
  stopMs: number = 18_000;

  prefixOf(appId: string): string {
    return this.etlPrefixOfApp[appId] ?? this.etlPrefix;
  }
}

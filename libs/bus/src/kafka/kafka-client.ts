import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { getCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs, { type ISocketFactory, type Kafka, type KafkaConfig, type LogEntry, type RetryOptions } from 'kafkajs';
import type { BusRuntime } from '../consuming/bus-runtime.ts';
import { unpackLz4 } from './lz4.ts';
import { unpackSnappy } from './snappy.ts';

export interface KafkaSettings {
  brokers: string[];
  clientId?: string;
  /** TLS to the brokers, whose certificates are always verified. */
  ssl?: boolean;
  /** PEM of authorities that are trusted beside Node's own; only with `ssl`. */
  extraCa?: string | null;
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string } | null;
  /** Partitions of a topic when it is created; fixed from then on, because order rests on it. 6 unless given. */
  partitions?: number;
  /** Replicas of a topic when it is created; 1 unless given. */
  replication?: number;
  /** Put before the names of our topics and groups, to share a cluster. */
  prefix?: string;
  /** How long a consumer that died keeps its partitions, in milliseconds; 6 s unless given (the brokers' own floor). */
  sessionTimeoutMs?: number;
  /** Opens the connection to a broker in place of the client itself: for tunnels, and for tests that cut it. */
  connect?: (host: string, port: number) => Socket;
}

/**
 * Without end, and on the client: set on producer and consumer alone they do not cover reconnecting. A consumer so
 * configured goes on 1.2 s after an outage of 35 s; the default one crashes and loses 10 s more to its dead membership.
 */
export const RETRY_FOR_EVER: RetryOptions = {
  retries: Number.MAX_SAFE_INTEGER,
  initialRetryTime: 100,
  maxRetryTime: 1_000,
};

/** A message of the client's own log is repeated at most this often: an outage writes the same line for ever. */
const REPEAT_LOG_MS = 10_000;

/**
 * Of one batch of records. Brokers take a MiB of compressed records unless told otherwise; a batch that unpacks to more
 * than this stops its partition with an error in the log, in place of the process.
 */
const MOST_UNPACKED_BYTES = 256 * 1024 * 1024;

let prepared = false;

/**
 * Once per process. kafkajs schedules a timer in the past after every response even if nothing waits (its issue 1751:
 * a TimeoutNegativeWarning of Node, and a timer per response for nothing), and it knows zstd only by name.
 */
function prepareLibrary(): void {
  if (prepared) return;
  prepared = true;
  const require = createRequire(import.meta.url);
  const queue = require('kafkajs/src/network/requestQueue/index.js') as {
    prototype: { pending: unknown[]; scheduleCheckPendingRequests(): void };
  };
  const schedule = queue.prototype.scheduleCheckPendingRequests;
  queue.prototype.scheduleCheckPendingRequests = function scheduleIfPending() {
    if (this.pending.length > 0) schedule.call(this);
  };
  const compress = promisify(zstdCompress);
  const decompress = promisify(zstdDecompress);
  const params = { [constants.ZSTD_c_compressionLevel]: 1 };
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer, { params }),
    decompress: (buffer: Buffer) => decompress(buffer, { maxOutputLength: MOST_UNPACKED_BYTES }),
  });
  readOnly(kafkajs.CompressionTypes.Snappy, unpackSnappy);
  readOnly(kafkajs.CompressionTypes.LZ4, unpackLz4);
}

/** What other people's producers may use; Sluice's own writes zstd. */
function readOnly(
  type: keyof typeof kafkajs.CompressionCodecs,
  unpack: (bytes: Buffer, maxBytes: number) => Buffer,
): void {
  kafkajs.CompressionCodecs[type] = () => ({
    compress: () => Promise.reject(new Error('Sluice does not write this compression')),
    decompress: (bytes: Buffer) => Promise.resolve().then(() => unpack(bytes, MOST_UNPACKED_BYTES)),
  });
}

/** @param heard is told what went wrong with a connection: the client tries for ever, and says so to nobody else. */
export function createKafka(
  settings: KafkaSettings,
  logger: BusRuntime['logger'],
  heard: (problem: string) => void = () => undefined,
): Kafka {
  prepareLibrary();
  const { brokers, clientId = 'sluice', ssl, extraCa, sasl, connect } = settings;
  return new kafkajs.Kafka({
    brokers,
    clientId,
    ...(ssl ? { ssl: extraCa ? { ca: [...getCACertificates('default'), extraCa] } : true } : {}),
    ...(sasl ? { sasl: sasl as NonNullable<KafkaConfig['sasl']> } : {}),
    ...(connect ? { socketFactory: socketsBy(connect) } : {}),
    retry: RETRY_FOR_EVER,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => throttledLog(logger, heard),
  });
}

function socketsBy(connect: (host: string, port: number) => Socket): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const socket = connect(host, port);
    socket.setKeepAlive(true, 60_000);
    socket.once('connect', onConnect);
    return socket;
  };
}

/** A broker that is away is nobody's to act on here: the client's errors are warnings, and rare. */
function throttledLog(logger: BusRuntime['logger'], heard: (problem: string) => void): (entry: LogEntry) => void {
  const lastAt = new Map<string, number>();
  return ({ namespace, log }) => {
    const detail = typeof log.error === 'string' ? `: ${log.error}` : '';
    const line = `kafka ${namespace}: ${log.message}${detail}`;
    heard(`${log.message}${detail}`);
    const now = Date.now();
    if (now - (lastAt.get(line) ?? 0) < REPEAT_LOG_MS) return;
    if (lastAt.size > 200) lastAt.clear();
    lastAt.set(line, now);
    logger.warn(line);
  };
}

/** The brokers do not let this user in; waiting does not help. */
export function isRefusedUser(error: unknown): error is Error {
  return error instanceof Error && error.name === 'KafkaJSSASLAuthenticationError';
}

/** kafkajs must see its own errors as they are (a rebalance); everything else would kill or confuse a consumer. */
export function isKafkaError(error: unknown): error is Error {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseEnv } from 'node:util';
import type { ServiceName } from '@sluice/contracts';
import { endpointProblems } from '@sluice/observability';
import type { BodyLimits } from '@sluice/request-body';
import { closestName } from './closest-name.ts';
import type { ConnectionLimits } from '../http/connection-limit.ts';
import type { HeaderPrefixes } from './outbound-parsers.ts';
import type { AppRetention, EncryptionKey, Parsed, Rate, RateProfile, RunsPerApp } from './setting-parsers.ts';
import { SETTING_TABLE, type SettingName, TOOL_VARIABLES } from './setting-table.ts';

export interface KafkaSettings {
  brokers: string[];
  ssl: boolean;
  /** PEM of authorities that are trusted beside Node's own; only with `ssl`. */
  extraCa: string | null;
  sasl: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string } | null;
  partitions: number;
  replication: number;
  topicApps: Record<string, string>;
  trustedTopics: string[];
}

/** GW-07: rate limits that hold for everybody; a trigger may set its own. */
export interface RateLimitSettings {
  /** By profile, over all triggers of the profile (LC-04). */
  address: Partial<Record<RateProfile, Rate>>;
  trigger: Rate | null;
  app: Rate | null;
  ipv6Prefix: number;
}

/** GW-07: bounds of one request. */
export interface RequestLimits {
  maxBodyBytes: number;
  /** A compressed body may grow so many times, once it is past what is free. */
  maxBodyRatio: number;
  maxHeaderBytes: number;
  requestTimeoutMs: number;
  /** What may be in a body. */
  body: BodyLimits;
}

/** Bounds of `code` steps. */
export interface CodeSettings {
  timeoutMs: number;
  memoryBytes: number;
  threads: number;
}

/** Days beside today, bytes of the whole and of one app (null: no limit), and apps with limits of their own. */
export interface LogRetentionSettings {
  days: number;
  totalBytes: number | null;
  appBytes: number | null;
  apps: Record<string, AppRetention>;
}

/** DL-12: the way that outbound calls take. */
export interface OutboundSettings {
  proxy: { url: string; except: string[]; resolve: 'here' | 'proxy' } | null;
  /** PEM of authorities that are trusted beside Node's own. */
  extraCa: string | null;
}

/** The effective configuration, read once at start. */
export interface Settings {
  host: string;
  port: number;
  /** Without a trailing slash; empty until the port is known when PORT is 0 and SLUICE_PUBLIC_URL is unset. */
  publicUrl: string;
  dataDir: string;
  databaseUrl: string | null;
  kafka: KafkaSettings | null;
  adminToken: string | null;
  adminEmail: string | null;
  adminPassword: string | null;
  encryptionKeys: EncryptionKey[];
  trustedProxies: string[];
  rateLimits: RateLimitSettings;
  /** HTTP connections that are open at once. */
  connections: ConnectionLimits;
  requestLimits: RequestLimits;
  /** null: unset (see running.md); an empty list: nothing private may be reached. */
  outboundAllow: string[] | null;
  outbound: OutboundSettings;
  /** What the names of headers of format `etl` begin with. */
  etlPrefix: string;
  /** The same by app, for those that have their own. */
  etlPrefixOfApp?: Readonly<Record<string, string>>;
  /** How long the caller of a listener waits (LN-07), and how long an app's listener may take. */
  listenerTimeoutMs: number;
  /** How long the answer to a change waits for the replicas, before it says `propagating`. */
  propagationWaitMs: number;
  code: CodeSettings;
  /** Days that each service keeps its events; 0 keeps them for ever. */
  retentionDays: Record<ServiceName, number>;
  /** Runs of an app under way at once (FL-07); absent: any number. */
  runsPerApp?: RunsPerApp;
  /** LG-04: what the delivery log keeps. */
  logRetention: LogRetentionSettings;
  logLevel: string;
  instanceId: string;
  demo: boolean;
}

/** Everything that is wrong with the configuration, to be printed without a stack trace; exit code 1. */
export class SettingsError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `the configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems.map((each) => `  - ${each}`).join('\n')}`,
    );
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

type Environment = Record<string, string | undefined>;

/** The process environment over a `.env` file in the working directory, which need not exist. */
export function environmentWithDotEnv(environment: Environment = process.env, file = '.env'): Environment {
  try {
    return { ...parseEnv(readFileSync(file, 'utf8')), ...environment };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return environment;
    throw new SettingsError([`${file} cannot be read: ${(error as Error).message}`]);
  }
}

/** The text of a setting: the variable itself, or what the file named by `<NAME>_FILE` holds, without its final newline. */
function textOf(name: SettingName, environment: Environment, problems: string[]): string | null {
  const own = environment[name];
  const file = environment[`${name}_FILE`];
  if (own !== undefined && file !== undefined) problems.push(`${name} and ${name}_FILE are both set: keep one`);
  if (own !== undefined || file === undefined) return own ?? null;
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    problems.push(
      `${name}_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`,
    );
    return null;
  }
}

function misspelt(environment: Environment): string[] {
  const secrets = Object.entries(SETTING_TABLE).filter(([, row]) => 'secret' in row);
  const known = [...Object.keys(SETTING_TABLE), ...secrets.map(([name]) => `${name}_FILE`), ...TOOL_VARIABLES];
  return Object.keys(environment)
    .filter((name) => name.startsWith('SLUICE_') && !name.startsWith('SLUICE_TEST_') && !known.includes(name))
    .map((name) => {
      const near = closestName(name, known);
      return `${name} is not a setting${near ? `; did you mean ${near}?` : ''}`;
    });
}

function kafkaOf(values: Record<string, unknown>, problems: string[]): KafkaSettings | null {
  const mechanism = values.SLUICE_KAFKA_SASL_MECHANISM as 'plain' | null;
  const username = values.SLUICE_KAFKA_SASL_USERNAME as string | null;
  const password = values.SLUICE_KAFKA_SASL_PASSWORD as string | null;
  const given = [mechanism, username, password].filter((each) => each !== null).length;
  if (given !== 0 && given !== 3)
    problems.push('SLUICE_KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD go together: set all three or none');
  const extraCa = values.SLUICE_KAFKA_CA as string | null;
  if (extraCa !== null && !values.SLUICE_KAFKA_SSL)
    problems.push('SLUICE_KAFKA_CA is for TLS: set SLUICE_KAFKA_SSL=on');
  if (!values.SLUICE_KAFKA_BROKERS) return null;
  return {
    brokers: values.SLUICE_KAFKA_BROKERS as string[],
    ssl: values.SLUICE_KAFKA_SSL as boolean,
    extraCa,
    sasl:
      given === 3
        ? { mechanism: mechanism as 'plain', username: username as string, password: password as string }
        : null,
    partitions: values.SLUICE_KAFKA_PARTITIONS as number,
    replication: values.SLUICE_KAFKA_REPLICATION as number,
    topicApps: values.SLUICE_KAFKA_TOPIC_APPS as Record<string, string>,
    trustedTopics: values.SLUICE_KAFKA_TRUSTED_TOPICS as string[],
  };
}

function requestLimitsOf(values: Record<string, unknown>): RequestLimits {
  return {
    maxBodyBytes: values.SLUICE_MAX_BODY_BYTES as number,
    maxBodyRatio: values.SLUICE_MAX_BODY_RATIO as number,
    maxHeaderBytes: values.SLUICE_MAX_HEADER_BYTES as number,
    requestTimeoutMs: values.SLUICE_REQUEST_TIMEOUT as number,
    body: {
      maxDepth: values.SLUICE_MAX_BODY_DEPTH as number,
      maxKeys: values.SLUICE_MAX_BODY_KEYS as number,
      maxFields: values.SLUICE_MAX_FORM_FIELDS as number,
      maxParts: values.SLUICE_MAX_MULTIPART_PARTS as number,
    },
  };
}

function outboundOf(values: Record<string, unknown>): OutboundSettings {
  const url = values.SLUICE_OUTBOUND_PROXY as string | null;
  const except = values.SLUICE_OUTBOUND_PROXY_EXCEPT as string[];
  const resolve = values.SLUICE_OUTBOUND_PROXY_RESOLVE as 'here' | 'proxy';
  return { proxy: url === null ? null : { url, except, resolve }, extraCa: values.SLUICE_OUTBOUND_CA as string | null };
}

/**
 * Reads every setting and reports all problems at once.
 * `required` names what this wiring cannot do without.
 * @throws SettingsError
 */
export function loadSettings(environment: Environment, required: readonly SettingName[] = []): Settings {
  const problems: string[] = [...misspelt(environment), ...endpointProblems(environment)];
  const values: Record<string, unknown> = {};
  for (const [key, row] of Object.entries(SETTING_TABLE)) {
    const name = key as SettingName;
    const given = textOf(name, environment, problems);
    const text = given ?? row.fallback;
    values[name] = null;
    if (text === null) {
      if (required.includes(name)) problems.push(`${name} is required here: ${row.meaning}`);
      continue;
    }
    const parsed: Parsed<unknown> = row.parse(text);
    if (parsed.ok) values[name] = parsed.value;
    else problems.push(`${name} ${parsed.problem}`);
  }
  if ((values.SLUICE_ADMIN_EMAIL === null) !== (values.SLUICE_ADMIN_PASSWORD === null))
    problems.push('SLUICE_ADMIN_EMAIL and SLUICE_ADMIN_PASSWORD go together: set both or none');
  const kafka = kafkaOf(values, problems);
  if (problems.length > 0) throw new SettingsError(problems);
  const host = values.HOST as string;
  const port = values.PORT as number;
  return {
    host,
    port,
    publicUrl: (values.SLUICE_PUBLIC_URL as string | null) ?? (port === 0 ? '' : addressOf(host, port)),
    dataDir: values.SLUICE_DATA_DIR as string,
    databaseUrl: values.SLUICE_DATABASE_URL as string | null,
    kafka,
    adminToken: values.SLUICE_ADMIN_TOKEN as string | null,
    adminEmail: values.SLUICE_ADMIN_EMAIL as string | null,
    adminPassword: values.SLUICE_ADMIN_PASSWORD as string | null,
    encryptionKeys: (values.SLUICE_ENCRYPTION_KEYS as EncryptionKey[] | null) ?? [],
    trustedProxies: values.SLUICE_TRUSTED_PROXIES as string[],
    rateLimits: {
      address: values.SLUICE_RATE_LIMIT_ADDRESS as RateLimitSettings['address'],
      trigger: values.SLUICE_RATE_LIMIT_TRIGGER as Rate | null,
      app: values.SLUICE_RATE_LIMIT_APP as Rate | null,
      ipv6Prefix: values.SLUICE_RATE_LIMIT_IPV6_PREFIX as number,
    },
    connections: {
      total: values.SLUICE_MAX_CONNECTIONS as number,
      perAddress: values.SLUICE_MAX_CONNECTIONS_PER_ADDRESS as number,
    },
    requestLimits: requestLimitsOf(values),
    outboundAllow: values.SLUICE_OUTBOUND_ALLOW as string[] | null,
    outbound: outboundOf(values),
    etlPrefix: (values.SLUICE_ETL_HEADER_PREFIX as HeaderPrefixes).each,
    etlPrefixOfApp: (values.SLUICE_ETL_HEADER_PREFIX as HeaderPrefixes).ofApp,
    listenerTimeoutMs: values.SLUICE_LISTENER_TIMEOUT as number,
    propagationWaitMs: values.SLUICE_PROPAGATION_WAIT as number,
    code: {
      timeoutMs: values.SLUICE_CODE_TIMEOUT as number,
      memoryBytes: (values.SLUICE_CODE_MEMORY as number) * 1024 * 1024,
      threads: values.SLUICE_CODE_THREADS as number,
    },
    retentionDays: values.SLUICE_RETENTION_DAYS as Record<ServiceName, number>,
    runsPerApp: values.SLUICE_APP_CONCURRENCY as RunsPerApp,
    logRetention: {
      days: values.SLUICE_LOG_RETENTION as number,
      totalBytes: values.SLUICE_LOG_RETENTION_BYTES as number | null,
      appBytes: values.SLUICE_LOG_RETENTION_APP_BYTES as number | null,
      apps: values.SLUICE_LOG_RETENTION_APPS as Record<string, AppRetention>,
    },
    logLevel: values.SLUICE_LOG_LEVEL as string,
    instanceId: (values.SLUICE_INSTANCE_ID as string | null) ?? `${hostname()}-${randomBytes(4).toString('hex')}`,
    demo: values.SLUICE_DEMO as boolean,
  };
}

/** `http://host:port` as a person can open it: a wildcard address becomes localhost. */
export function addressOf(host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}

/** The effective values, one line each, secrets as set or unset. */
export function describeSettings(settings: Settings): Record<string, unknown> {
  const hidden = (value: unknown): string => (value === null || value === undefined || value === '' ? 'unset' : 'set');
  return {
    ...settings,
    databaseUrl: hidden(settings.databaseUrl),
    adminToken: hidden(settings.adminToken),
    adminPassword: hidden(settings.adminPassword),
    encryptionKeys: settings.encryptionKeys.map((key) => key.id),
    outbound: {
      proxy: settings.outbound.proxy ? { ...settings.outbound.proxy, url: 'set' } : null,
      extraCa: hidden(settings.outbound.extraCa),
    },
    kafka: settings.kafka
      ? { ...settings.kafka, extraCa: hidden(settings.kafka.extraCa), sasl: hidden(settings.kafka.sasl) }
      : null,
  };
}

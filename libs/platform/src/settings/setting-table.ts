import * as outbound from './outbound-parsers.ts';
import { WIDEST_BODY_LIMITS } from '@sluice/request-body';
import * as parse from './setting-parsers.ts';

interface SettingRow<T> {
  parse: parse.Parser<T>;
  /** Text that is parsed when the variable is not set; null: the setting is absent then. */
  fallback: string | null;
  meaning: string;
  /** Shown as set or unset only, and accepted as `<NAME>_FILE` too. */
  secret?: true;
}

const row = <T>(
  parser: parse.Parser<T>,
  fallback: string | null,
  meaning: string,
  secret?: 'secret',
): SettingRow<T> => ({
  parse: parser,
  fallback,
  meaning,
  ...(secret ? { secret: true } : {}),
});

/** Every environment variable that Sluice reads; README's table and the check for misspelt names come from here. */
export const SETTING_TABLE = {
  PORT: row(parse.integer(0, 65_535), '8080', 'where it listens; 0 picks a free port'),
  HOST: row(parse.text, '127.0.0.1', 'address it listens on'),
  SLUICE_PUBLIC_URL: row(parse.httpUrl, null, 'what Location headers and shown URLs begin with; from HOST and PORT'),
  SLUICE_DATA_DIR: row(parse.text, '.sluice', 'embedded PostgreSQL, generated key, pids.json'),
  SLUICE_DATABASE_URL: row(
    parse.postgresUrl,
    null,
    'an external PostgreSQL 17 or newer; embedded when unset',
    'secret',
  ),
  SLUICE_KAFKA_BROKERS: row(parse.brokers, null, 'chooses the distributed wiring'),
  SLUICE_KAFKA_SSL: row(parse.flag, 'off', 'TLS to the brokers'),
  SLUICE_KAFKA_CA: row(outbound.certificates, null, 'PEM of further authorities for the brokers', 'secret'),
  SLUICE_KAFKA_SASL_MECHANISM: row(parse.oneOf('plain', 'scram-sha-256', 'scram-sha-512'), null, 'SASL mechanism'),
  SLUICE_KAFKA_SASL_USERNAME: row(parse.text, null, 'SASL user'),
  SLUICE_KAFKA_SASL_PASSWORD: row(parse.secret(1), null, 'SASL password', 'secret'),
  SLUICE_KAFKA_PARTITIONS: row(
    parse.integer(1, 1000),
    '3',
    'partitions of topics that Sluice creates; fixed afterwards',
  ),
  SLUICE_KAFKA_REPLICATION: row(parse.integer(1, 9), '1', 'replication factor of topics that Sluice creates'),
  SLUICE_KAFKA_TOPIC_APPS: row(
    parse.topicApps,
    'domain.events=default',
    'app of each topic of CloudEvents: topic=app[,…]',
  ),
  SLUICE_KAFKA_TRUSTED_TOPICS: row(parse.list, '', 'topics whose ce_appid header is believed'),
  SLUICE_ADMIN_TOKEN: row(
    parse.secret(32),
    null,
    "the first administrator's token; standalone generates one",
    'secret',
  ),
  SLUICE_ADMIN_EMAIL: row(parse.emailAddress, null, 'first administrator (console sign-in)'),
  SLUICE_ADMIN_PASSWORD: row(parse.secret(12), null, 'first administrator (console sign-in)', 'secret'),
  SLUICE_ENCRYPTION_KEYS: row(parse.encryptionKeys, null, 'id:base64key[,…]; standalone generates one', 'secret'),
  SLUICE_TRUSTED_PROXIES: row(parse.cidrs, '', 'CIDRs whose X-Forwarded-For is believed'),
  SLUICE_RATE_LIMIT_ADDRESS: row(
    parse.profileRates,
    'flow=300/5m',
    'requests that one address may send to all triggers of a profile: profile=requests/time[,…]; off',
  ),
  SLUICE_RATE_LIMIT_TRIGGER: row(parse.rate, 'off', 'requests of a trigger that sets no rateLimit: requests/time'),
  SLUICE_RATE_LIMIT_APP: row(parse.rate, 'off', 'requests of all triggers of an app: requests/time'),
  SLUICE_APP_CONCURRENCY: row(parse.runsPerApp, 'off', 'runs of an app under way at once: number[,app=number…]'),
  SLUICE_RATE_LIMIT_IPV6_PREFIX: row(parse.integer(32, 128), '64', 'bits of an IPv6 address that count as one address'),
  SLUICE_MAX_CONNECTIONS: row(parse.integer(1, 1_000_000), '15000', 'HTTP connections that a process holds open'),
  SLUICE_MAX_CONNECTIONS_PER_ADDRESS: row(
    parse.integer(1, 1_000_000),
    '1000',
    'of these from one public address that is no trusted proxy',
  ),
  SLUICE_MAX_BODY_BYTES: row(
    parse.integer(1_024, 1_048_576, 'what the steps of a run may hold is 1 MiB'),
    '1048576',
    'bytes of the body of a request, decompressed too',
  ),
  SLUICE_MAX_BODY_DEPTH: row(
    parse.integer(1, WIDEST_BODY_LIMITS.maxDepth, 'tests of flows take inputs that deep'),
    '64',
    'levels of the JSON or XML of a body',
  ),
  SLUICE_MAX_BODY_KEYS: row(
    parse.integer(1, WIDEST_BODY_LIMITS.maxKeys, 'as many as an event of Kafka may have'),
    '10000',
    'keys of the JSON of a body, elements and attributes of XML',
  ),
  SLUICE_MAX_FORM_FIELDS: row(
    parse.integer(1, WIDEST_BODY_LIMITS.maxFields),
    '1000',
    'fields of a form and of a query string',
  ),
  SLUICE_MAX_MULTIPART_PARTS: row(
    parse.integer(1, WIDEST_BODY_LIMITS.maxParts, 'each file is stored by itself'),
    '100',
    'parts of a multipart body',
  ),
  SLUICE_MAX_BODY_RATIO: row(
    parse.integer(1, 1_000),
    '100',
    'how many times larger a compressed body of more than 64 KiB may become',
  ),
  SLUICE_MAX_HEADER_BYTES: row(
    parse.integer(4_096, 65_536, 'headers are stored with their event and handed on'),
    '16384',
    'bytes of the headers of a request, with its first line',
  ),
  SLUICE_REQUEST_TIMEOUT: row(
    parse.duration(1_000, 120_000),
    'PT15S',
    'how long a request may take to arrive, headers and body',
  ),
  SLUICE_OUTBOUND_ALLOW: row(parse.cidrs, null, 'CIDRs outbound calls may reach although private'),
  SLUICE_OUTBOUND_PROXY: row(outbound.proxyUrl, null, 'HTTP proxy that outbound calls go through (CONNECT)', 'secret'),
  SLUICE_OUTBOUND_PROXY_EXCEPT: row(outbound.proxyExceptions, '', 'hosts that are called without the proxy'),
  SLUICE_OUTBOUND_PROXY_RESOLVE: row(
    parse.oneOf('here', 'proxy'),
    'here',
    'who resolves and judges names when there is a proxy',
  ),
  SLUICE_OUTBOUND_CA: row(outbound.certificates, null, 'PEM of further authorities for outbound calls', 'secret'),
  SLUICE_ETL_HEADER_PREFIX: row(
    outbound.headerPrefixes,
    'X-Etl-Webhook',
    'what headers of format etl begin with: prefix[,app=prefix…]',
  ),
  SLUICE_LISTENER_TIMEOUT: row(
    parse.duration(1_000, 86_400_000),
    'PT1H',
    'how long the caller of a listener waits for it to finish',
  ),
  SLUICE_PROPAGATION_WAIT: row(
    parse.duration(100, 60_000),
    'PT2S',
    'how long the answer to a change waits for all replicas to have it',
  ),
  SLUICE_CODE_TIMEOUT: row(parse.duration(10, 60_000), 'PT10S', 'the most time that a code step may ask for'),
  SLUICE_CODE_MEMORY: row(parse.integer(4, 512), '32', 'MiB that the JavaScript of a code step may take'),
  SLUICE_CODE_THREADS: row(parse.integer(1, 64), '2', 'code steps that a runner runs at a time'),
  SLUICE_RETENTION_DAYS: row(
    parse.retentionDays,
    '30',
    'days that events are kept: days[,service=days…]; 0 keeps them for ever',
  ),
  SLUICE_LOG_RETENTION: row(parse.days(2, 3_650), 'P30D', 'how long the delivery log keeps what happened'),
  SLUICE_LOG_RETENTION_BYTES: row(parse.bytes, '20GiB', 'what the delivery log may take on disk; off'),
  SLUICE_LOG_RETENTION_APP_BYTES: row(parse.bytes, '10GiB', 'of these what one app may see; off'),
  SLUICE_LOG_RETENTION_APPS: row(parse.appRetentions, '', 'other limits for some apps: app=P7D/1GiB[,…]'),
  SLUICE_LOG_LEVEL: row(parse.oneOf('trace', 'debug', 'info', 'warn', 'error'), 'info', 'logging'),
  SLUICE_DEMO: row(parse.flag, 'on', 'the demo app of standalone and start:distributed'),
  SLUICE_INSTANCE_ID: row(
    parse.text,
    null,
    'name of this process among replicas; host name and a random part unless given',
  ),
} as const;

export type SettingName = keyof typeof SETTING_TABLE;

/** Variables that begin with SLUICE_ and belong to tools rather than to services. */
export const TOOL_VARIABLES = [
  'SLUICE_FAILPOINTS',
  'SLUICE_CACHE_DIR',
  'SLUICE_DISTRIBUTED_INSTANCES',
  'SLUICE_UPSTREAM_GATEWAY',
  'SLUICE_UPSTREAM_REGISTRY',
  'SLUICE_UPSTREAM_RUNNER',
  'SLUICE_UPSTREAM_DISPATCHER',
  'SLUICE_UPSTREAM_DELIVERY_LOG',
];

import { parseDurationMs, SERVICES, type ServiceName } from '@sluice/contracts';

/** What a setting's text means, or why it cannot be used (shown to the operator after the setting's name). */
export type Parsed<T> = { ok: true; value: T } | { ok: false; problem: string };
export type Parser<T> = (text: string) => Parsed<T>;

const ok = <T>(value: T): Parsed<T> => ({ ok: true, value });
const no = (problem: string): Parsed<never> => ({ ok: false, problem });

export const text: Parser<string> = (value) => (value === '' ? no('must not be empty') : ok(value));

export const secret =
  (minLength: number): Parser<string> =>
  (value) =>
    value.length < minLength ? no(`must have at least ${minLength} characters (it has ${value.length})`) : ok(value);

export const emailAddress: Parser<string> = (value) =>
  /^[^\s@]{1,64}@[^\s@]{1,190}$/.test(value) ? ok(value) : no(`must be an e-mail address, not "${value}"`);

/** @param why what the highest value is for, told to whoever wants more. */
export const integer =
  (min: number, max: number, why?: string): Parser<number> =>
  (value) => {
    const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max
      ? ok(number)
      : no(`must be a whole number from ${min} to ${max}${why === undefined ? '' : ` (${why})`}, not "${value}"`);
  };

export const flag: Parser<boolean> = (value) => {
  if (['1', 'true', 'on', 'yes'].includes(value.toLowerCase())) return ok(true);
  if (['0', 'false', 'off', 'no', ''].includes(value.toLowerCase())) return ok(false);
  return no(`must be on or off, not "${value}"`);
};

export const oneOf =
  <const T extends string>(...allowed: readonly T[]): Parser<T> =>
  (value) =>
    (allowed as readonly string[]).includes(value)
      ? ok(value as T)
      : no(`must be one of ${allowed.join(', ')}, not "${value}"`);

/** An ISO 8601 duration, in milliseconds. */
export const duration =
  (minMs: number, maxMs: number): Parser<number> =>
  (value) => {
    const ms = parseDurationMs(value);
    return ms !== null && ms >= minMs && ms <= maxMs
      ? ok(ms)
      : no(`must be a duration such as PT1H, from ${minMs / 1000} s to ${maxMs / 1000} s, not "${value}"`);
  };

/** An absolute http(s) address without query or fragment; a trailing slash is dropped. */
export const httpUrl: Parser<string> = (value) => {
  if (!URL.canParse(value)) return no(`must be an address such as https://hooks.example.org, not "${value}"`);
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return no('must begin with http:// or https://');
  if (url.search || url.hash) return no('must not have a query or fragment');
  return ok(value.replace(/\/+$/, ''));
};

export const postgresUrl: Parser<string> = (value) =>
  URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol)
    ? ok(value)
    : no('must be an address such as postgres://user:password@host:5432/database');

export const list: Parser<string[]> = (value) =>
  ok(
    value
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  );

export const brokers: Parser<string[]> = (value) => {
  const parts = value.split(',').map((part) => part.trim());
  const bad = parts.find((part) => !/^[^\s:]+:\d{1,5}$/.test(part));
  return bad === undefined ? ok(parts) : no(`must be host:port[,host:port…]; "${bad}" is not`);
};

const CIDR = /^(?:(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?|([0-9a-f:]*:[0-9a-f:.]*)(?:\/(\d{1,3}))?)$/i;

/** CIDR blocks; a bare address is a block of one. The text itself is the value. */
export const cidrs: Parser<string[]> = (value) => {
  const parts = value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  for (const part of parts) {
    const match = CIDR.exec(part);
    const fits =
      match &&
      (match[1]
        ? match[1].split('.').every((byte) => Number(byte) < 256) && Number(match[2] ?? 0) <= 32
        : Number(match[4] ?? 0) <= 128);
    if (!fits) return no(`must be CIDR blocks such as 10.0.0.0/8 or fd00::/8; "${part}" is not`);
  }
  return ok(parts);
};

export interface EncryptionKey {
  id: string;
  key: Buffer;
}

/** `id:base64key[,id:base64key]`: AES-256 keys, the first seals, all open. */
export const encryptionKeys: Parser<EncryptionKey[]> = (value) => {
  const keys: EncryptionKey[] = [];
  for (const part of value.split(',')) {
    const match = /^\s*([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]+={0,2})\s*$/.exec(part);
    const key = match ? Buffer.from(match[2] as string, 'base64') : null;
    if (!match || key?.length !== 32)
      return no('must be id:base64key[,id:base64key], each key 32 bytes (openssl rand -base64 32)');
    if (keys.some((known) => known.id === match[1])) return no(`names key id "${match[1]}" twice`);
    keys.push({ id: match[1] as string, key });
  }
  return ok(keys);
};

/** `topic=app[,topic=app]`: which app the events of a Kafka topic belong to. */
export const topicApps: Parser<Record<string, string>> = (value) => {
  const map: Record<string, string> = {};
  for (const part of value
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)) {
    const match = /^([\w.-]+)=(\S+)$/.exec(part);
    if (!match) return no(`must be topic=app[,topic=app]; "${part}" is not`);
    map[match[1] as string] = match[2] as string;
  }
  return ok(map);
};

/** So many requests within so long, counted from the first of them. */
export interface Rate {
  limit: number;
  windowMs: number;
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 };
const MAX_WINDOW_MS = 86_400_000;

function rateOf(value: string): Rate | null {
  const match = /^(\d{1,9})\/(\d{0,5})([smh])$/.exec(value.trim());
  if (!match) return null;
  const rate = { limit: Number(match[1]), windowMs: Number(match[2] || 1) * (UNIT_MS[match[3] as string] as number) };
  return rate.limit >= 1 && rate.windowMs >= 1_000 && rate.windowMs <= MAX_WINDOW_MS ? rate : null;
}

/** `300/5m`: 300 requests in 5 minutes (s, m or h, at most a day); `off` or nothing is no limit. */
export const rate: Parser<Rate | null> = (value) => {
  if (value === '' || value === 'off') return ok(null);
  const parsed = rateOf(value);
  return parsed ? ok(parsed) : no(`must be requests/time such as 300/5m or 10/s, or off, not "${value}"`);
};

export type RateProfile = 'run' | 'listener' | 'flow' | 'native';
const PROFILES: readonly string[] = ['run', 'listener', 'flow', 'native'] satisfies RateProfile[];

/** `profile=300/5m[,…]`: a limit for each profile that is named; `off` is none at all. */
export const profileRates: Parser<Partial<Record<RateProfile, Rate>>> = (value) => {
  const rates: Partial<Record<RateProfile, Rate>> = {};
  const parts = value.split(',').map((each) => each.trim());
  if (value === '' || value === 'off') return ok(rates);
  for (const part of parts) {
    const [profile = '', text = ''] = part.split('=');
    const parsed = rateOf(text);
    if (!PROFILES.includes(profile) || !parsed) {
      return no(
        `must be profile=requests/time[,…] such as flow=300/5m (run, listener, flow, native), or off; "${part}" is not`,
      );
    }
    rates[profile as RateProfile] = parsed;
  }
  return ok(rates);
};

const MAX_RETENTION_DAYS = 36_500;

/** `30`, or `30,runner=90,gateway=7`: days for every service, and for those that are named; 0 keeps everything. */
export const retentionDays: Parser<Record<ServiceName, number>> = (value) => {
  const [all = '', ...named] = value.split(',').map((each) => each.trim());
  const pairs = [...SERVICES.map((service) => `${service}=${all}`), ...named].map((each) => each.split('='));
  const days: Partial<Record<ServiceName, number>> = {};
  for (const [name = '', text = '', ...rest] of pairs) {
    const service = SERVICES.find((each) => each === name);
    const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (!service || rest.length > 0 || !(number <= MAX_RETENTION_DAYS)) {
      return no(
        `must be days[,service=days…] from 0 (keep) to ${MAX_RETENTION_DAYS}, such as 30 or 30,runner=90 (${SERVICES.join(', ')}), not "${value}"`,
      );
    }
    days[service] = number;
  }
  return ok(days as Record<ServiceName, number>);
};

/** How many runs of an app may be under way at once; null: any number. */
export interface RunsPerApp {
  each: number | null;
  /** Other numbers for some apps, by their ids. */
  ofApp: Readonly<Record<string, number | null>>;
}

export const APP_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const MAX_RUNS_PER_APP = 1_000_000;

/** `100`, `off`, or either with exceptions by the ids of apps: `100,018f0f6e-…=20,018f0f6f-…=off`. */
export const runsPerApp: Parser<RunsPerApp> = (value) => {
  const ofApp: Record<string, number | null> = {};
  let each: number | null = null;
  const parts = value.split(',').map((part) => part.trim().toLowerCase());
  for (const [index, part] of parts.entries()) {
    const [app, text] = part.includes('=') ? (part.split('=', 2) as [string, string]) : [null, part];
    const count = text === 'off' ? null : /^[1-9]\d{0,6}$/.test(text) ? Number(text) : Number.NaN;
    const isPlaced = app === null ? index === 0 : APP_ID.test(app);
    if (!isPlaced || (count !== null && !(count <= MAX_RUNS_PER_APP))) {
      return no(`must be a number up to ${MAX_RUNS_PER_APP} or off, and then app id=number[,…]; "${part}" is not`);
    }
    if (app === null) each = count;
    else ofApp[app] = count;
  }
  return ok({ each, ofApp });
};

const UNIT_BYTES: Record<string, number> = { MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

function bytesOf(value: string): number | null {
  const match = /^(\d{1,6})(MiB|GiB|TiB)$/.exec(value.trim());
  const bytes = match ? Number(match[1]) * (UNIT_BYTES[match[2] as string] as number) : 0;
  return bytes > 0 ? bytes : null;
}

/** `20GiB` (MiB, GiB, TiB); `off` or nothing is no limit. */
export const bytes: Parser<number | null> = (value) => {
  if (value === '' || value === 'off') return ok(null);
  const parsed = bytesOf(value);
  return parsed === null ? no(`must be bytes such as 512MiB or 20GiB, or off, not "${value}"`) : ok(parsed);
};

/** What an app may keep in the delivery log instead of what others may. */
export interface AppRetention {
  days?: number;
  bytes?: number;
}

const DAY_MS = 86_400_000;

/** Whole days of an ISO 8601 duration; the part of a day counts as one. */
export const days =
  (min: number, max: number): Parser<number> =>
  (value) => {
    const ms = parseDurationMs(value);
    const count = ms === null ? 0 : Math.ceil(ms / DAY_MS);
    return count >= min && count <= max
      ? ok(count)
      : no(`must be a duration from P${min}D to P${max}D, not "${value}"`);
  };

/** `app=P7D`, `app=1GiB` or `app=P7D/1GiB`, separated by commas; apps by their ids. */
export const appRetentions: Parser<Record<string, AppRetention>> = (value) => {
  const apps: Record<string, AppRetention> = {};
  for (const part of value.split(',').filter((each) => each.trim() !== '')) {
    const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})=(P[^/]+)?\/?(\d.*)?$/.exec(part.trim());
    const age = match?.[2] === undefined ? null : days(2, 3_650)(match[2]);
    const size = match?.[3] === undefined ? null : bytesOf(match[3]);
    if (!match || (!match[2] && !match[3]) || age?.ok === false || (match[3] && size === null)) {
      return no(`must be app=P7D/1GiB[,…], apps by their ids, from P2D to P3650D; "${part}" is not`);
    }
    apps[match[1] as string] = { ...(age?.ok ? { days: age.value } : {}), ...(size === null ? {} : { bytes: size }) };
  }
  return ok(apps);
};

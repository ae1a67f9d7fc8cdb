import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectPool, platformError } from '@sluice/platform';
import { isIPv6 } from 'node:net';
import type { Pool } from 'pg';

/** Failures within a window, from its first one on. Who is right is not counted. */
const PER_ACCOUNT_AND_ADDRESS = { tries: 10, seconds: 15 * 60 };
const PER_ADDRESS = { tries: 50, seconds: 15 * 60 };
/** From addresses that nobody has signed in from to that account. */
const PER_ACCOUNT = { tries: 100, seconds: 60 * 60 };
const KNOWN_DAYS = 90;
const SWEEP_MS = 3_600_000;

interface Counted {
  key: string;
  count: number;
  seconds: number;
}

/** What is counted for one try, and how much of it is too much. */
interface Limit {
  key: string;
  tries: number;
  seconds: number;
}

/**
 * How often signing in may be tried: for an account from an address, from an address at all, and for an account from
 * everywhere that it is not known from (decision 0162). Counted in one table for all replicas. A try is counted before
 * the password is looked at, so that many at once are not more than many one after another.
 */
@Injectable()
export class SignInLimiter {
  private sweptAt = 0;

  constructor(@InjectPool('registry') private readonly pool: Pool) {}

  /** @throws AppError 429 with Retry-After once there were too many. */
  async take(email: string, address: string): Promise<void> {
    await this.sweepNowAndThen();
    const limits = await this.limitsOf(email, address);
    const { rows } = await this.pool.query<Counted>(
      `insert into registry.sign_in_attempts as a (key, count, ends_at)
       select k, 1, now() + s * interval '1 second' from unnest($1::text[], $2::int[]) as w(k, s) order by k
       on conflict (key) do update set
         count = case when a.ends_at <= now() then 1 else least(a.count + 1, 1000000) end,
         ends_at = case when a.ends_at <= now() then excluded.ends_at else a.ends_at end
       returning a.key, a.count, ceil(extract(epoch from a.ends_at - now()))::int as seconds`,
      [limits.map(({ key }) => key), limits.map(({ seconds }) => seconds)],
    );
    const over = rows.filter(({ key, count }) => count > (limits.find((limit) => limit.key === key)?.tries ?? 0));
    if (over.length === 0) return;
    const seconds = Math.max(1, ...over.map((each) => each.seconds));
    throw platformError('too_many_requests', 'signing in was tried too often; wait before you try again', {
      headers: { 'retry-after': String(seconds) },
    });
  }

  /** It was the right password: the account starts anew from here, others get back what they were charged. */
  async forgive(email: string, address: string): Promise<void> {
    const keys = keysOf(email, address);
    await this.pool.query('delete from registry.sign_in_attempts where key = $1', [keys.both]);
    await this.pool.query(
      'update registry.sign_in_attempts set count = greatest(count - 1, 0) where key = any($1::text[])',
      [[keys.network, keys.account]],
    );
    await this.pool.query(
      `insert into registry.known_addresses (key, seen_at) values ($1, now())
       on conflict (key) do update set seen_at = excluded.seen_at`,
      [keys.both],
    );
  }

  private async limitsOf(email: string, address: string): Promise<Limit[]> {
    const keys = keysOf(email, address);
    const { rowCount } = await this.pool.query('select 1 from registry.known_addresses where key = $1', [keys.both]);
    const limits = [
      { key: keys.both, ...PER_ACCOUNT_AND_ADDRESS },
      { key: keys.network, ...PER_ADDRESS },
    ];
    return rowCount ? limits : [...limits, { key: keys.account, ...PER_ACCOUNT }];
  }

  private async sweepNowAndThen(): Promise<void> {
    if (Date.now() - this.sweptAt < SWEEP_MS) return;
    this.sweptAt = Date.now();
    await this.pool.query('delete from registry.sign_in_attempts where ends_at < now()');
    await this.pool.query("delete from registry.known_addresses where seen_at < now() - $1 * interval '1 day'", [
      KNOWN_DAYS,
    ]);
    await this.pool.query(
      `delete from access.sessions where expires_at < now() - interval '1 day' or
         (idle_expires_at < now() - interval '1 day' and deleted)`,
    );
  }
}

/** Neither who tried to sign in nor whence stands in the table. An IPv6 network is one address: it has that many. */
function keysOf(email: string, address: string): Record<'account' | 'network' | 'both', string> {
  const network = isIPv6(address) ? networkOf(address) : address;
  const hashed = (text: string): string => createHash('sha256').update(text).digest('base64url');
  return {
    account: hashed(`account/${email}`),
    network: hashed(`address/${network}`),
    both: hashed(`account/${email}/address/${network}`),
  };
}

/** The first 64 bits. */
function networkOf(address: string): string {
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const groups = [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectPool, platformError } from '@sluice/platform';
import { isIPv6 } from 'node:net';
import type { Pool } from 'pg';

const WINDOW_SECONDS = 15 * 60;
/** Failures within a window, from its first one on. Who is right is not counted. */
const PER_ACCOUNT = 10;
const PER_ADDRESS = 50;
const SWEEP_MS = 3_600_000;

interface Counted {
  key: string;
  count: number;
  seconds: number;
}

/**
 * How often signing in may be tried, for an account and from an address; counted in one table for all replicas. A try is
 * counted before the password is looked at, so that many at once are not more than many one after another.
 */
@Injectable()
export class SignInLimiter {
  private sweptAt = 0;

  constructor(@InjectPool('registry') private readonly pool: Pool) {}

  /** @throws AppError 429 with Retry-After once there were too many. */
  async take(email: string, address: string): Promise<void> {
    await this.sweepNowAndThen();
    const [account, network] = keysOf(email, address);
    const { rows } = await this.pool.query<Counted>(
      `insert into registry.sign_in_attempts as a (key, count, ends_at)
       select k, 1, now() + $2 * interval '1 second' from unnest($1::text[]) k order by k
       on conflict (key) do update set
         count = case when a.ends_at <= now() then 1 else least(a.count + 1, 1000000) end,
         ends_at = case when a.ends_at <= now() then excluded.ends_at else a.ends_at end
       returning a.key, a.count, ceil(extract(epoch from a.ends_at - now()))::int as seconds`,
      [[account, network], WINDOW_SECONDS],
    );
    const over = rows.filter(({ key, count }) => count > (key === account ? PER_ACCOUNT : PER_ADDRESS));
    if (over.length === 0) return;
    const seconds = Math.max(1, ...over.map((each) => each.seconds));
    throw platformError('too_many_requests', 'signing in was tried too often; wait before you try again', {
      headers: { 'retry-after': String(seconds) },
    });
  }

  /** It was the right password: the account starts anew, the address gets back what it was charged. */
  async forgive(email: string, address: string): Promise<void> {
    const [account, network] = keysOf(email, address);
    await this.pool.query('delete from registry.sign_in_attempts where key = $1', [account]);
    await this.pool.query('update registry.sign_in_attempts set count = greatest(count - 1, 0) where key = $1', [
      network,
    ]);
  }

  private async sweepNowAndThen(): Promise<void> {
    if (Date.now() - this.sweptAt < SWEEP_MS) return;
    this.sweptAt = Date.now();
    await this.pool.query('delete from registry.sign_in_attempts where ends_at < now()');
    await this.pool.query(
      `delete from access.sessions where expires_at < now() - interval '1 day' or
         (idle_expires_at < now() - interval '1 day' and deleted)`,
    );
  }
}

/** Neither who tried to sign in nor whence stands in the table. An IPv6 network is one address: it has that many. */
function keysOf(email: string, address: string): [account: string, network: string] {
  const network = isIPv6(address) ? networkOf(address) : address;
  const hashed = (text: string): string => createHash('sha256').update(text).digest('base64url');
  return [hashed(`account/${email}`), hashed(`address/${network}`)];
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

import { TableTail } from '@sluice/local-copy';
import type { Pool } from 'pg';
import { hashToken } from './credential.ts';
import { DEFAULT_APP_ID, type Principal } from './principal.ts';

interface KnownToken {
  principal: Principal;
  expiresAtMs: number | null;
}

interface KnownApp {
  id: string;
  name: string;
}

export interface AccessControlOptions {
  pool: Pool;
  onError?(error: unknown): void;
  pollMs?: number;
  /** How long an unknown token stays unknown without being looked up again; 1,000 ms unless given. */
  negativeMs?: number;
}

/** However many unknown tokens arrive, the tables are read at most 50 times a second for them. */
const LOOK_UP_EVERY_MS = 20;
const MAX_NEGATIVES = 10_000;
const FLUSH_USES_MS = 30_000;

/**
 * Who may do what, from a local copy of the token hashes. A token that the copy does not hold yet is looked up before
 * it is refused, so that it works the instant it was created.
 */
export class AccessControl {
  readonly #options: AccessControlOptions;
  readonly #tokens: TableTail<KnownToken>;
  readonly #apps: TableTail<KnownApp>;
  readonly #negatives = new Map<string, number>();
  readonly #uses = new Map<string, number>();
  #lookUp: Promise<void> | null = null;
  #lookedUpAt = 0;
  #flusher: NodeJS.Timeout | null = null;

  constructor(options: AccessControlOptions) {
    this.#options = options;
    const common = {
      pool: options.pool,
      ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
      ...(options.onError ? { onError: options.onError } : {}),
    };
    this.#tokens = new TableTail<KnownToken>({
      ...common,
      table: 'access.tokens',
      key: 'sha256',
      columns: ['token_id', 'kind', 'app_id', 'user_id', 'trigger_id', 'scopes', 'expires_at'],
      map: tokenOf,
    });
    this.#apps = new TableTail<KnownApp>({
      ...common,
      table: 'access.apps',
      key: 'app_id',
      columns: ['app_id', 'name'],
      map: (row) => ({ id: row.app_id as string, name: row.name as string }),
    });
  }

  /** Resolves once both tables are loaded. */
  async start(): Promise<void> {
    await Promise.all([this.#tokens.start(), this.#apps.start()]);
    this.#flusher = setInterval(() => this.#flush(), FLUSH_USES_MS).unref();
  }

  async stop(): Promise<void> {
    if (this.#flusher) clearInterval(this.#flusher);
    await this.#flush();
    await Promise.all([this.#tokens.stop(), this.#apps.stop()]);
  }

  /** Milliseconds since the copy was last known to be complete; Infinity before the first load. */
  get staleSinceMs(): number {
    return Math.max(this.#tokens.staleSinceMs, this.#apps.staleSinceMs);
  }

  /**
   * The principal that a token stands for, or null when it is unknown, revoked or expired.
   * @throws a transient error when the token is not in the copy and the database cannot be asked.
   */
  async authenticate(token: string): Promise<Principal | null> {
    const sha256 = hashToken(token);
    const known = this.#tokens.get(sha256) ?? (await this.#readThrough(sha256));
    if (!known || (known.expiresAtMs !== null && known.expiresAtMs <= Date.now())) return null;
    if (known.principal.kind === 'personal') this.#uses.set(known.principal.tokenId, Date.now());
    return known.principal;
  }

  /**
   * The id of the app that a request names by id or name, as far as the caller may see it; null when it may not.
   * @throws a transient error when the app is not in the copy and the database cannot be asked.
   */
  async findApp(named: string, principal: Principal): Promise<string | null> {
    const find = (): KnownApp | undefined => {
      const byId = this.#apps.get(named.toLowerCase());
      return byId ?? [...this.#apps.values()].find((app) => app.name === named);
    };
    let app = find();
    if (!app && !this.#isNegative(`app:${named}`)) {
      await this.#lookUpSoon();
      app = find();
      if (!app) this.#remember(`app:${named}`);
    }
    if (!app || (principal.appId !== null && principal.appId !== app.id)) return null;
    return app.id;
  }

  /** The app of a caller that names none. */
  defaultAppOf(principal: Principal): string {
    return principal.appId ?? DEFAULT_APP_ID;
  }

  /**
   * Reads what was just committed, so that this process knows it at once; others know it with their next poll.
   * @throws what the database threw.
   */
  async refresh(): Promise<void> {
    await Promise.all([this.#tokens.poke(), this.#apps.poke()]);
  }

  /** When each token was used last (RFC 3339), as far as it was; exact to half a minute. */
  async lastUsed(tokenIds: readonly string[]): Promise<Map<string, string>> {
    await this.#flush();
    const { rows } = await this.#options.pool.query<{ id: string; at: Date }>(
      'select token_id as id, last_used_at as at from access.tokens where token_id = any($1) and last_used_at is not null',
      [tokenIds],
    );
    return new Map(rows.map((row) => [row.id, row.at.toISOString()]));
  }

  async #readThrough(sha256: string): Promise<KnownToken | undefined> {
    if (this.#isNegative(sha256)) return undefined;
    await this.#lookUpSoon();
    const known = this.#tokens.get(sha256);
    if (!known) this.#remember(sha256);
    return known;
  }

  /** One look-up for everybody who waits, begun after this call. */
  #lookUpSoon(): Promise<void> {
    this.#lookUp ??= this.#nextLookUp();
    return this.#lookUp;
  }

  async #nextLookUp(): Promise<void> {
    // Always later than this call: `#lookUp` has to be set before it is taken back.
    const waitMs = Math.max(0, this.#lookedUpAt + LOOK_UP_EVERY_MS - Date.now());
    await (waitMs > 0 ? new Promise((resolve) => setTimeout(resolve, waitMs)) : Promise.resolve());
    this.#lookUp = null;
    this.#lookedUpAt = Date.now();
    await Promise.all([this.#tokens.poke(), this.#apps.poke()]);
  }

  #isNegative(key: string): boolean {
    const until = this.#negatives.get(key);
    if (until === undefined) return false;
    if (until > Date.now()) return true;
    this.#negatives.delete(key);
    return false;
  }

  #remember(key: string): void {
    if (this.#negatives.size >= MAX_NEGATIVES) {
      const oldest = this.#negatives.keys().next().value;
      if (oldest !== undefined) this.#negatives.delete(oldest);
    }
    this.#negatives.set(key, Date.now() + (this.#options.negativeMs ?? 1000));
  }

  async #flush(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = [...this.#uses];
    this.#uses.clear();
    try {
      // Not a change of the token: `changed_xid` stays, nobody has to read it again.
      await this.#options.pool.query(
        `update access.tokens t set last_used_at = u.at
         from unnest($1::uuid[], $2::timestamptz[]) as u(id, at)
         where t.token_id = u.id and (t.last_used_at is null or t.last_used_at < u.at)`,
        [uses.map(([id]) => id), uses.map(([, at]) => new Date(at).toISOString())],
      );
    } catch (error) {
      for (const [id, at] of uses) this.#uses.set(id, Math.max(at, this.#uses.get(id) ?? 0));
      this.#options.onError?.(error);
    }
  }
}

function tokenOf(row: Readonly<Record<string, unknown>>): KnownToken {
  const expiresAt = row.expires_at as Date | null;
  return {
    principal: {
      kind: row.kind as Principal['kind'],
      tokenId: row.token_id as string,
      appId: row.app_id as string | null,
      scopes: (row.scopes as string).split(' ').filter(Boolean),
      userId: row.user_id as string | null,
      ...(row.trigger_id === null ? {} : { triggerId: row.trigger_id as string }),
    },
    expiresAtMs: expiresAt === null ? null : expiresAt.getTime(),
  };
}

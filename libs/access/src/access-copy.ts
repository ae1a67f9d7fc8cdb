import type { PortalGrant, RoleGrant } from '@sluice/contracts';
import { TableTail, type TableTailOptions } from '@sluice/local-copy';
import type { Pool } from 'pg';
import { CHANGES_MARKER } from './access-board.ts';
import type { Principal } from './principal.ts';

export interface KnownToken {
  sha256: string;
  principal: Principal;
  expiresAtMs: number | null;
  /** Of a session: it lives as long as its user's is the same. */
  generation: number | null;
}

export interface KnownUser {
  roles: readonly RoleGrant[];
  active: boolean;
  generation: number;
}

export interface KnownApp {
  id: string;
  name: string;
}

export interface AccessCopyOptions {
  pool: Pool;
  onError?(error: unknown): void;
  pollMs?: number;
  /** Called after polls: all four tables contain what was counted in `access.changes` up to here. */
  onApplied?(change: bigint): void;
}

/** However many unknown tokens arrive, the tables are read at most 50 times a second for them. */
const LOOK_UP_EVERY_MS = 20;

/** The tables of the schema `access` in memory, kept fresh. */
export class AccessCopy {
  readonly users: TableTail<KnownUser>;
  readonly apps: TableTail<KnownApp>;
  readonly #tails: readonly TableTail<unknown>[];
  readonly #byHash = new Map<string, KnownToken>();
  #lookUp: Promise<void> | null = null;
  #lookedUpAt = 0;

  constructor(options: AccessCopyOptions) {
    const each = {
      ...options,
      marker: CHANGES_MARKER,
      onPolled: () => this.#tellApplied(options),
    };
    this.users = new TableTail<KnownUser>({
      ...each,
      table: 'access.users',
      key: 'user_id',
      columns: ['roles', 'active', 'generation'],
      map: userOf,
    });
    this.apps = new TableTail<KnownApp>({
      ...each,
      table: 'access.apps',
      key: 'app_id',
      columns: ['app_id', 'name'],
      map: (row) => ({ id: row.app_id as string, name: row.name as string }),
    });
    const tokens = this.#credentials(
      each,
      'access.tokens',
      'token_id',
      ['token_id', 'sha256', 'kind', 'app_id', 'user_id', 'trigger_id', 'scopes', 'expires_at', 'portal'],
      tokenOf,
    );
    const sessions = this.#credentials(
      each,
      'access.sessions',
      'session_id',
      ['session_id', 'sha256', 'user_id', 'generation', 'idle_expires_at'],
      sessionOf,
    );
    this.#tails = [tokens, sessions, this.users, this.apps];
  }

  /** Resolves once everything is loaded. */
  async start(): Promise<void> {
    await Promise.all(this.#tails.map((tail) => tail.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#tails.map((tail) => tail.stop()));
  }

  /** Milliseconds since the copy was last known to be complete; Infinity before the first load. */
  get staleSinceMs(): number {
    return Math.max(...this.#tails.map((tail) => tail.staleSinceMs));
  }

  credential(sha256: string): KnownToken | undefined {
    return this.#byHash.get(sha256);
  }

  /** @throws what the database threw. */
  async refresh(): Promise<void> {
    await Promise.all(this.#tails.map((tail) => tail.poke()));
  }

  /**
   * One reading for everybody who waits, begun after this call.
   * @throws what the database threw.
   */
  lookUpSoon(): Promise<void> {
    this.#lookUp ??= this.#nextLookUp();
    return this.#lookUp;
  }

  async #nextLookUp(): Promise<void> {
    // Always later than this call: `#lookUp` has to be set before it is taken back.
    const waitMs = Math.max(0, this.#lookedUpAt + LOOK_UP_EVERY_MS - Date.now());
    await (waitMs > 0 ? new Promise((resolve) => setTimeout(resolve, waitMs)) : Promise.resolve());
    this.#lookUp = null;
    this.#lookedUpAt = Date.now();
    await this.refresh();
  }

  /** The tables are read one by one: what is in all of them is what the slowest has. */
  #tellApplied({ onApplied }: AccessCopyOptions): void {
    let least: bigint | null = null;
    for (const { ready, marker } of this.#tails) {
      if (!ready || marker === null) return;
      const change = BigInt(marker);
      if (least === null || change < least) least = change;
    }
    if (least !== null) onApplied?.(least);
  }

  /**
   * Rows are known by their id and found by their hash: a regenerated token keeps its id, and with the hash as the key
   * the one before would go on working.
   */
  #credentials(
    options: Pick<TableTailOptions<KnownToken>, 'pool' | 'pollMs' | 'onError' | 'marker' | 'onPolled'>,
    table: string,
    key: string,
    columns: readonly string[],
    map: (row: Readonly<Record<string, unknown>>) => KnownToken,
  ): TableTail<KnownToken> {
    return new TableTail<KnownToken>({
      ...options,
      table,
      key,
      columns,
      map,
      onChange: (changes) => {
        for (const { previous } of changes) if (previous) this.#byHash.delete(previous.sha256);
        for (const { value } of changes) if (value) this.#byHash.set(value.sha256, value);
      },
    });
  }
}

function userOf(row: Readonly<Record<string, unknown>>): KnownUser {
  return {
    roles: JSON.parse(row.roles as string) as RoleGrant[],
    active: row.active as boolean,
    generation: row.generation as number,
  };
}

function tokenOf(row: Readonly<Record<string, unknown>>): KnownToken {
  const expiresAt = row.expires_at as Date | null;
  return {
    sha256: row.sha256 as string,
    principal: {
      kind: row.kind as Principal['kind'],
      tokenId: row.token_id as string,
      appId: row.app_id as string | null,
      scopes: (row.scopes as string).split(' ').filter(Boolean),
      userId: row.user_id as string | null,
      ...(row.trigger_id === null ? {} : { triggerId: row.trigger_id as string }),
      ...(row.portal === null ? {} : { portal: JSON.parse(row.portal as string) as PortalGrant }),
    },
    expiresAtMs: expiresAt === null ? null : expiresAt.getTime(),
    generation: null,
  };
}

/** Who has signed in may do whatever their role allows. */
function sessionOf(row: Readonly<Record<string, unknown>>): KnownToken {
  return {
    sha256: row.sha256 as string,
    principal: {
      kind: 'session',
      tokenId: row.session_id as string,
      appId: null,
      scopes: ['admin'],
      userId: row.user_id as string,
    },
    expiresAtMs: (row.idle_expires_at as Date).getTime(),
    generation: row.generation as number,
  };
}

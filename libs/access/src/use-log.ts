import type { Pool } from 'pg';
import { SESSION_IDLE_MS, SESSION_STEP_MS } from './session-tables.ts';

const FLUSH_MS = 30_000;

/** When tokens and sessions were used, written down now and then; using a session moves its idle end. */
export class UseLog {
  readonly #tokens = new Map<string, number>();
  readonly #sessions = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly pool: Pool,
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    this.#timer = setInterval(() => this.flush(), FLUSH_MS).unref();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.flush();
  }

  tokenUsed(tokenId: string): void {
    this.#tokens.set(tokenId, Date.now());
  }

  sessionUsed(sessionId: string): void {
    this.#sessions.set(sessionId, Date.now());
  }

  /** Never throws: what could not be written is kept for the next time. */
  async flush(): Promise<void> {
    // Not a change of the token: `changed_xid` stays, nobody has to read it again.
    await this.#write(
      this.#tokens,
      `update access.tokens t set last_used_at = u.at
       from unnest($1::uuid[], $2::timestamptz[]) as u(id, at)
       where t.token_id = u.id and (t.last_used_at is null or t.last_used_at < u.at)`,
      [],
    );
    await this.#write(
      this.#sessions,
      `update access.sessions s
       set idle_expires_at = least(s.expires_at, u.at + $3::float8 * interval '1 millisecond'),
           changed_xid = pg_current_xact_id()
       from unnest($1::uuid[], $2::timestamptz[]) as u(id, at)
       where s.session_id = u.id and not s.deleted and s.idle_expires_at > u.at
         and s.idle_expires_at < least(s.expires_at, u.at + ($3::float8 - $4::float8) * interval '1 millisecond')`,
      [SESSION_IDLE_MS, SESSION_STEP_MS],
    );
  }

  async #write(used: Map<string, number>, text: string, values: readonly number[]): Promise<void> {
    if (used.size === 0) return;
    const uses = [...used];
    used.clear();
    const ids = uses.map(([id]) => id);
    const times = uses.map(([, at]) => new Date(at).toISOString());
    try {
      await this.pool.query(text, [ids, times, ...values]);
    } catch (error) {
      for (const [id, at] of uses) used.set(id, Math.max(at, used.get(id) ?? 0));
      this.onError(error);
    }
  }
}

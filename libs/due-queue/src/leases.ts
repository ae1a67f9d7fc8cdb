import type { Claim } from './claim.ts';

interface Lease {
  claim: Claim;
  /** Monotonic milliseconds until which the lease certainly holds. */
  safeUntilMs: number;
}

export interface LeasesOptions {
  leaseMs: number;
  /** Extends these leases in the database; resolves to the ids that were still held. */
  extend(claims: readonly Claim[]): Promise<Set<string>>;
  /** Counted beside the keys themselves. */
  groupOf?: (key: string) => string;
  onError(error: unknown, doing: string): void;
}

/**
 * The leases this process holds, extended while they are worked on. Nothing is written for work that is done within
 * half of the lease. A lease that could not be extended in time counts as lost before the database hands it to
 * somebody else, because the local clock starts before the statement is sent.
 */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #held = new Map<string, Lease>();
  readonly #perKey = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #extending = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Of a key or a group of keys. */
  ofKey(key: string): number {
    return this.#perKey.get(key) ?? 0;
  }

  /** @param sinceMs monotonic time before the statement that took the leases was sent. */
  add(claims: readonly Claim[], sinceMs: number): void {
    for (const claim of claims) {
      this.#held.set(claim.id, { claim, safeUntilMs: sinceMs + this.#options.leaseMs });
      for (const name of this.#namesOf(claim.key)) this.#perKey.set(name, this.ofKey(name) + 1);
    }
    this.#timer ??= setInterval(() => void this.#beat(), Math.max(5, this.#options.leaseMs / 6)).unref();
  }

  /** The work is done or given up; its row is somebody else's business from now on. */
  drop(claim: Claim): boolean {
    if (this.#held.get(claim.id)?.claim !== claim) return false;
    this.#held.delete(claim.id);
    for (const name of this.#namesOf(claim.key)) {
      const left = this.ofKey(name) - 1;
      if (left > 0) this.#perKey.set(name, left);
      else this.#perKey.delete(name);
    }
    return true;
  }

  #namesOf(key: string): readonly string[] {
    const group = this.#options.groupOf?.(key) ?? key;
    return group === key ? [key] : [key, group];
  }

  all(): Claim[] {
    return [...this.#held.values()].map((lease) => lease.claim);
  }

  /** Extends every lease now, however much of it is left. */
  async extendNow(): Promise<void> {
    await this.#extend([...this.#held.values()]);
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #beat(): Promise<void> {
    const startMs = performance.now();
    const expired = [...this.#held.values()].filter((lease) => lease.safeUntilMs <= startMs);
    for (const { claim } of expired) this.#lose(claim);
    if (this.#extending) return;
    const old = [...this.#held.values()].filter((lease) => lease.safeUntilMs - startMs < this.#options.leaseMs / 2);
    this.#extending = true;
    try {
      await this.#extend(old);
    } catch (error) {
      this.#options.onError(error, 'extend leases');
    } finally {
      this.#extending = false;
    }
  }

  async #extend(leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return;
    const startMs = performance.now();
    const kept = await this.#options.extend(leases.map((lease) => lease.claim));
    for (const lease of leases) {
      if (kept.has(lease.claim.id)) lease.safeUntilMs = startMs + this.#options.leaseMs;
      else this.#lose(lease.claim);
    }
  }

  #lose(claim: Claim): void {
    // Completed in the meantime: its row is gone, which is not a loss.
    if (this.drop(claim)) claim.lose();
  }
}

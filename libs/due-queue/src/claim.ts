/** A row this process may work on, until `signal` says that the lease was lost (somebody else has the work then). */
export class Claim {
  readonly id: string;
  readonly key: string;
  /** Fencing token: a commit with an older one fails. */
  readonly token: bigint;
  /** How often the row has been claimed, this time included; releasing takes it back. */
  readonly attempts: number;
  readonly dueAt: Date;
  readonly payload: unknown;
  /** Its place among rows due at the same time; 0 for rows that were adopted. */
  readonly number: bigint;
  #controller: AbortController | null = null;
  #lost = false;

  constructor(row: Pick<Claim, 'id' | 'key' | 'token' | 'attempts' | 'dueAt' | 'payload' | 'number'>) {
    this.id = row.id;
    this.key = row.key;
    this.token = row.token;
    this.attempts = row.attempts;
    this.dueAt = row.dueAt;
    this.payload = row.payload;
    this.number = row.number;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Made on demand: most work is done long before its lease could be lost. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#lost) this.#controller.abort(new Error(`the lease of ${this.id} was lost`));
    return this.#controller.signal;
  }

  /** For the queue alone. */
  lose(): void {
    this.#lost = true;
    this.#controller?.abort(new Error(`the lease of ${this.id} was lost`));
  }
}

interface Tenant<T> {
  waiting: T[];
  running: number;
}

/** Who is next: tenants with something waiting take turns, and each has at most so many at a time. */
export class TenantTurns<T> {
  readonly #atOnce: number;
  /** The tenant whose turn it is stands first. Those with nothing are not here, so it does not grow. */
  readonly #tenants = new Map<string, Tenant<T>>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  add(name: string, item: T): void {
    const tenant = this.#tenants.get(name);
    if (tenant) tenant.waiting.push(item);
    else this.#tenants.set(name, { waiting: [item], running: 0 });
  }

  /** Takes the next item; it counts as running until `done`. */
  next(): T | undefined {
    for (const [name, tenant] of this.#tenants) {
      if (tenant.running >= this.#atOnce) continue;
      const item = tenant.waiting.shift();
      if (item === undefined) continue;
      tenant.running += 1;
      this.#tenants.delete(name);
      this.#tenants.set(name, tenant);
      return item;
    }
    return undefined;
  }

  done(name: string): void {
    const tenant = this.#tenants.get(name);
    if (!tenant) return;
    tenant.running -= 1;
    this.#tidy(name, tenant);
  }

  remove(name: string, item: T): void {
    const tenant = this.#tenants.get(name);
    const index = tenant?.waiting.indexOf(item) ?? -1;
    if (!tenant || index < 0) return;
    tenant.waiting.splice(index, 1);
    this.#tidy(name, tenant);
  }

  /** Takes all that wait. */
  clear(): T[] {
    return [...this.#tenants.values()].flatMap(({ waiting }) => waiting.splice(0));
  }

  #tidy(name: string, { waiting, running }: Tenant<T>): void {
    if (waiting.length === 0 && running === 0) this.#tenants.delete(name);
  }
}

interface Tenant<T> {
  /** What waits, by lane; the lane whose turn it is stands first. Those with nothing are not here. */
  lanes: Map<string, T[]>;
  running: number;
}

/**
 * Who is next: tenants with something waiting take turns, and each has at most so many at a time. Within a tenant its
 * lanes take turns, so that what one of them has queued does not hold up the others.
 */
export class TenantTurns<T> {
  readonly #atOnce: number;
  /** The tenant whose turn it is stands first. Those with nothing are not here, so it does not grow. */
  readonly #tenants = new Map<string, Tenant<T>>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  add(name: string, lane: string, item: T): void {
    const tenant = this.#tenants.get(name) ?? { lanes: new Map<string, T[]>(), running: 0 };
    this.#tenants.set(name, tenant);
    const waiting = tenant.lanes.get(lane);
    if (waiting) waiting.push(item);
    else tenant.lanes.set(lane, [item]);
  }

  /** Takes the next item; it counts as running until `done`. */
  next(): T | undefined {
    for (const [name, tenant] of this.#tenants) {
      if (tenant.running >= this.#atOnce) continue;
      const item = nextOf(tenant);
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

  remove(name: string, lane: string, item: T): void {
    const tenant = this.#tenants.get(name);
    const waiting = tenant?.lanes.get(lane) ?? [];
    const index = waiting.indexOf(item);
    if (!tenant || index < 0) return;
    waiting.splice(index, 1);
    if (waiting.length === 0) tenant.lanes.delete(lane);
    this.#tidy(name, tenant);
  }

  /** Takes all that wait. */
  clear(): T[] {
    return [...this.#tenants.values()].flatMap(({ lanes }) => {
      const waiting = [...lanes.values()].flat();
      lanes.clear();
      return waiting;
    });
  }

  #tidy(name: string, { lanes, running }: Tenant<T>): void {
    if (lanes.size === 0 && running === 0) this.#tenants.delete(name);
  }
}

/** Takes from the lane whose turn it is, which then stands last. */
function nextOf<T>({ lanes }: Tenant<T>): T | undefined {
  for (const [lane, waiting] of lanes) {
    const item = waiting.shift();
    lanes.delete(lane);
    if (waiting.length > 0) lanes.set(lane, waiting);
    return item;
  }
  return undefined;
}

/** How many of what is refused may be recorded. */
export interface SampleLimits {
  perTriggerPerS: number;
  perS: number;
  perHour: number;
  maxTriggers: number;
}

const HOUR_MS = 3_600_000;

interface Second {
  startedAt: number;
  recorded: number;
  /** Refused since the last record of this trigger, and not recorded. */
  notRecorded: number;
}

/**
 * GW-08: chooses which rejections are recorded, so many a second of one trigger, so many of all, and so many
 * of all in an hour: records are kept by whole days, and whoever knocks for a day fills no disk. It is asked for
 * every rejected request, so it costs a look-up in a map. Times in milliseconds of one clock.
 */
export class RejectionSample {
  readonly #limits: SampleLimits;
  /** In the order in which their seconds began. */
  readonly #seconds = new Map<string, Second>();
  #allStartedAt = Number.NEGATIVE_INFINITY;
  #allRecorded = 0;
  #hourStartedAt = Number.NEGATIVE_INFINITY;
  #hourRecorded = 0;

  constructor(limits: SampleLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#seconds.size;
  }

  /** How many rejections of the trigger were passed over since the last one that was recorded, or null: this one is too. */
  take(triggerId: string, now: number): number | null {
    const second = this.#secondOf(triggerId, now);
    if (second.recorded >= this.#limits.perTriggerPerS || !this.#takeOfAll(now)) {
      second.notRecorded++;
      return null;
    }
    const { notRecorded } = second;
    second.recorded++;
    second.notRecorded = 0;
    return notRecorded;
  }

  #takeOfAll(now: number): boolean {
    if (now - this.#allStartedAt >= 1_000) {
      this.#allStartedAt = now;
      this.#allRecorded = 0;
    }
    if (now - this.#hourStartedAt >= HOUR_MS) {
      this.#hourStartedAt = now;
      this.#hourRecorded = 0;
    }
    if (this.#allRecorded >= this.#limits.perS || this.#hourRecorded >= this.#limits.perHour) return false;
    this.#allRecorded++;
    this.#hourRecorded++;
    return true;
  }

  #secondOf(triggerId: string, now: number): Second {
    const known = this.#seconds.get(triggerId);
    if (known && now - known.startedAt < 1_000) return known;
    const second = { startedAt: now, recorded: 0, notRecorded: known?.notRecorded ?? 0 };
    this.#seconds.delete(triggerId);
    this.#seconds.set(triggerId, second);
    for (const oldest of this.#seconds.keys()) {
      if (this.#seconds.size <= this.#limits.maxTriggers) break;
      this.#seconds.delete(oldest);
    }
    return second;
  }
}

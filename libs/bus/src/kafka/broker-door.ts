import type { BusRuntime } from '../consuming/bus-runtime.ts';
import { isRefusedUser } from './kafka-client.ts';

/** What a refusal is repeated after in the log, as long as it lasts. */
const REPEAT_MS = 60_000;

const ABOUT_TLS = /certificate|self.signed|altnames|\bSSL\b|\bTLS\b/i;

/** Whether the brokers let this process in, as its admin client and its consumers find out. */
export class BrokerDoor {
  readonly #logger: Pick<BusRuntime['logger'], 'error'>;
  #refusal: string | null = null;
  #toldAtMs = -REPEAT_MS;

  constructor(logger: Pick<BusRuntime['logger'], 'error'>) {
    this.#logger = logger;
  }

  /** Why nobody gets in until a person mends it. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** @returns whether it was a refusal; it has been told then. */
  failed(error: unknown): boolean {
    if (!isRefusedUser(error)) return false;
    this.#tell(`Kafka refuses the credentials (SLUICE_KAFKA_SASL_*): ${error.message}`);
    return true;
  }

  /** What the client says of a connection that it goes on trying. */
  heard(problem: string): void {
    if (!ABOUT_TLS.test(problem)) return;
    this.#tell(`Kafka cannot be reached by TLS (SLUICE_KAFKA_SSL, SLUICE_KAFKA_CA): ${problem}`);
  }

  #tell(refusal: string): void {
    const nowMs = performance.now();
    if (refusal !== this.#refusal || nowMs - this.#toldAtMs > REPEAT_MS) {
      this.#toldAtMs = nowMs;
      this.#logger.error(refusal);
    }
    this.#refusal = refusal;
  }

  opened(): void {
    this.#refusal = null;
  }
}

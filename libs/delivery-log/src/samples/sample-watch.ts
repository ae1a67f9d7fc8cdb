import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { platformError } from '@sluice/platform';
import { SamplesQueries } from './samples.query.ts';

const log = new Logger('delivery-log');
const MAX_WAITING = 1_000;
const POLL_MS = 250;

/** Lets callers wait for the sample of a capture: one look for all of them, whichever replica writes it. */
@Injectable()
export class SampleWatch implements BeforeApplicationShutdown {
  private readonly waiting = new Map<() => void, string>();
  private timer: NodeJS.Timeout | null = null;
  private polling = false;
  private stopped = false;

  constructor(private readonly samples: SamplesQueries) {}

  /** Callers get what there is. */
  beforeApplicationShutdown(): void {
    this.stopped = true;
    for (const stop of this.waiting.keys()) stop();
  }

  /**
   * `arrived` resolves when the sample is there, the time is over, or the process stops; `stop` gives up.
   * @throws AppError `too_many_requests`
   */
  open(id: string, ms: number): { arrived: Promise<void>; stop(): void } {
    if (this.waiting.size >= MAX_WAITING) {
      throw platformError('too_many_requests', `${MAX_WAITING} callers wait for samples already`);
    }
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => stop(), ms);
    const stop = (): void => {
      clearTimeout(timer);
      this.waiting.delete(stop);
      if (this.waiting.size === 0 && this.timer) {
        clearInterval(this.timer);
        this.timer = null;
      }
      resolve();
    };
    this.waiting.set(stop, id);
    this.timer ??= setInterval(() => void this.poll(), POLL_MS).unref();
    if (this.stopped) stop();
    return { arrived, stop };
  }

  private async poll(): Promise<void> {
    if (this.polling) return;
    this.polling = true;
    try {
      const present = new Set(await this.samples.present([...new Set(this.waiting.values())]));
      for (const [stop, id] of this.waiting) if (present.has(id)) stop();
    } catch (error) {
      log.warn(`could not look for samples: ${(error as Error).message}`);
    } finally {
      this.polling = false;
    }
  }
}

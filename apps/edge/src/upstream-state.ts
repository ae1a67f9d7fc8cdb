import type { ServiceName } from '@sluice/contracts';
import type { OpenApiDocument } from '@sluice/platform';
import { edgeError } from './edge.errors.ts';
import { mergeOpenApi } from './merged-openapi.ts';
import type { Upstreams } from './upstreams.config.ts';

const TIMEOUT_MS = 2_000;

export interface UpstreamReport {
  ready: boolean;
  checks: Record<string, { ok: boolean; detail?: string }>;
}

async function ask(origin: string, path: string): Promise<Response> {
  return fetch(`${origin}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error; // fetch says "fetch failed" and hides why in here
  return cause instanceof Error ? cause.message || error.message : error.message;
}

/** What the five services say of themselves. */
export class UpstreamState {
  private everReady = false;

  constructor(private readonly upstreams: Upstreams) {}

  private entries(): [ServiceName, string][] {
    return Object.entries(this.upstreams) as [ServiceName, string][];
  }

  private async check(origin: string): Promise<{ ok: boolean; detail?: string }> {
    try {
      const answer = await ask(origin, '/readyz');
      await answer.body?.cancel();
      return answer.ok ? { ok: true } : { ok: false, detail: `answers ${answer.status}` };
    } catch (error) {
      return { ok: false, detail: reasonOf(error) };
    }
  }

  /**
   * Not ready before all five have been ready at once. From then on one service that is away does not make the edge
   * unready: taking the edge out of service would take the other four with it. `strict` asks for all five now.
   */
  async report(strict: boolean): Promise<UpstreamReport> {
    const results = await Promise.all(
      this.entries().map(async ([name, origin]) => [name, await this.check(origin)] as const),
    );
    const all = results.every(([, result]) => result.ok);
    this.everReady ||= all;
    return { ready: all || (!strict && this.everReady), checks: Object.fromEntries(results) };
  }

  /** @throws AppError upstream_unavailable when one of the five does not tell its own. */
  async openApi(): Promise<OpenApiDocument> {
    const documents = await Promise.all(
      this.entries().map(async ([name, origin]) => {
        try {
          const answer = await ask(origin, '/openapi.json');
          if (!answer.ok) throw new Error(`it answers ${answer.status}`);
          return [name, (await answer.json()) as OpenApiDocument] as const;
        } catch (error) {
          throw edgeError('upstream_unavailable', `${name} does not tell its API (${reasonOf(error)}); try again`, {
            cause: error,
          });
        }
      }),
    );
    return mergeOpenApi(documents);
  }
}

import type { ServiceName } from '@sluice/contracts';
import type { OpenApiDocument } from '@sluice/platform';
import { edgeError } from './edge.errors.ts';
import { mergeOpenApi } from './merged-openapi.ts';
import type { Upstreams } from './upstreams.config.ts';

const TIMEOUT_MS = 2_000;
/** A service makes its document when somebody asks first, which took 2 s on a machine that ten processes shared. */
const DOCUMENT_TIMEOUT_MS = 10_000;

export interface UpstreamReport {
  ready: boolean;
  checks: Record<string, { ok: boolean; detail?: string }>;
}

async function ask(origin: string, path: string, timeoutMs = TIMEOUT_MS): Promise<Response> {
  return fetch(`${origin}${path}`, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
}

async function documentOf(origin: string): Promise<OpenApiDocument> {
  const answer = await ask(origin, '/openapi.json', DOCUMENT_TIMEOUT_MS);
  if (!answer.ok) throw new Error(`it answers ${answer.status}`);
  return (await answer.json()) as OpenApiDocument;
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

  /** Every instance, under the name of its service, from the second on with its number. */
  private instances(): [string, string][] {
    return Object.entries(this.upstreams).flatMap(([service, origins]) =>
      origins.map((origin, index): [string, string] => [index === 0 ? service : `${service}-${index + 1}`, origin]),
    );
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
   * Not ready before all instances have been ready at once. From then on one service that is away does not make the edge
   * unready: taking the edge out of service would take the other four with it. `strict` asks for all of them now.
   */
  async report(strict: boolean): Promise<UpstreamReport> {
    const results = await Promise.all(
      this.instances().map(async ([name, origin]) => [name, await this.check(origin)] as const),
    );
    const all = results.every(([, result]) => result.ok);
    this.everReady ||= all;
    return { ready: all || (!strict && this.everReady), checks: Object.fromEntries(results) };
  }

  /** @throws AppError upstream_unavailable when one of the five does not tell its own. */
  async openApi(): Promise<OpenApiDocument> {
    const documents = await Promise.all(
      (Object.entries(this.upstreams) as [ServiceName, readonly string[]][]).map(async ([name, origins]) => {
        try {
          return [name, await Promise.any(origins.map(documentOf))] as const;
        } catch (error) {
          const reason = reasonOf(error instanceof AggregateError ? error.errors[0] : error);
          throw edgeError('upstream_unavailable', `${name} does not tell its API (${reason}); try again`, {
            cause: error,
          });
        }
      }),
    );
    return mergeOpenApi(documents);
  }
}

import { DiscoveryService } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';

export interface HealthResult {
  ok: boolean;
  detail?: string;
}
/** A provider whose state is part of `/readyz`. */
export interface HealthCheckProvider {
  check(): Promise<HealthResult> | HealthResult;
}
/** `@HealthCheck('database')` on a provider class with `check()`. */
export const HealthCheck = DiscoveryService.createDecorator<string>();

const CHECK_TIMEOUT_MS = 2_000;

async function run(check: () => Promise<HealthResult> | HealthResult): Promise<HealthResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<HealthResult>((resolve) => {
    timer = setTimeout(
      () => resolve({ ok: false, detail: `no answer within ${CHECK_TIMEOUT_MS} ms` }),
      CHECK_TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([Promise.resolve(check()), late]);
  } catch (error) {
    return { ok: false, detail: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}

/** What `/readyz` reports; `draining` turns it to 503 as soon as a shutdown begins. */
export class Health {
  private readonly checks = new Map<string, () => Promise<HealthResult> | HealthResult>();
  draining = false;

  add(name: string, check: () => Promise<HealthResult> | HealthResult): void {
    this.checks.set(name, check);
  }

  async report(): Promise<{ ready: boolean; checks: Record<string, HealthResult> }> {
    const results = await Promise.all([...this.checks].map(async ([name, check]) => [name, await run(check)] as const));
    const checks = Object.fromEntries(results);
    if (this.draining) checks.shutdown = { ok: false, detail: 'shutting down' };
    return { ready: Object.values(checks).every((each) => each.ok), checks };
  }

  /** `/livez` says the process turns; `/readyz` says its dependencies do too. */
  registerRoutes(app: FastifyInstance): void {
    app.get('/livez', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
    app.get('/readyz', async (_request, reply) => {
      const report = await this.report();
      return reply
        .code(report.ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ status: report.ready ? 'ok' : 'unavailable', checks: report.checks });
    });
  }
}

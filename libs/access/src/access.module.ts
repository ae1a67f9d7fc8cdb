import { Injectable, Logger, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { SERVICES } from '@sluice/contracts';
import { ReplicaBoard } from '@sluice/local-copy';
import { HealthCheck, type HealthResult, poolToken, SETTINGS, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { AccessBoard } from './access-board.ts';
import { AccessControl } from './access-control.ts';
import { AccessGuard } from './access.guard.ts';

const log = new Logger('access');
const STALE_AFTER_MS = 10_000;

/** Loads the copy before the service listens, and says in /readyz when it is not fresh. */
@Injectable()
@HealthCheck('access')
class AccessLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly access: AccessControl) {}

  onModuleInit(): Promise<void> {
    return this.access.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.access.stop();
  }

  check(): HealthResult {
    const staleMs = this.access.staleSinceMs;
    return staleMs < STALE_AFTER_MS
      ? { ok: true }
      : { ok: false, detail: `the copy of the tokens is ${Math.round(staleMs / 1000)} s old` };
  }
}

/**
 * Import it in the module of every service that has management routes. It guards all routes of the application; in
 * standalone the five services share one instance, which reads through the pool of whichever service is there.
 */
@Module({
  providers: [
    {
      provide: AccessControl,
      inject: [SETTINGS, ...SERVICES.map((service) => ({ token: poolToken(service), optional: true }))],
      useFactory: (settings: Settings, ...pools: (Pool | undefined)[]): AccessControl => {
        const pool = pools.find((candidate) => candidate !== undefined);
        if (!pool) throw new Error('no service of this process provides a database pool');
        const onError = (error: unknown) => log.warn(`token copy: ${(error as Error).message}`);
        // One name may be given to the five services of a machine, and each is waited for.
        const instance = `${settings.instanceId}/${SERVICES.filter((_service, index) => pools[index]).join('+')}`;
        const replicas = new ReplicaBoard({ pool, instance, waitMs: settings.propagationWaitMs, onError });
        const board = new AccessBoard(pool, replicas, onError);
        return new AccessControl({ pool, keys: settings.encryptionKeys, onError, board });
      },
    },
    AccessGuard,
    AccessLifecycle,
    { provide: APP_GUARD, useExisting: AccessGuard },
  ],
  exports: [AccessControl],
})
export class AccessModule {}

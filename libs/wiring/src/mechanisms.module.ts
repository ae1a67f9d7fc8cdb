import { type DynamicModule, Global, Injectable, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BusBindings } from '@sluice/bus';
import type { ServiceName } from '@sluice/contracts';
import type { EventStore } from '@sluice/event-store';
import { ReplicaBoard } from '@sluice/local-copy';
import {
  HealthCheck,
  type HealthResult,
  poolToken,
  SETTINGS,
  type Settings,
  SOLE_PROCESS,
  storeToken,
} from '@sluice/platform';
import type { Pool } from 'pg';

/** The stores and pools of the services that this process holds. */
export interface Mechanisms {
  settings: Settings;
  bindings: BusBindings;
  stores: ReadonlyMap<ServiceName, EventStore>;
  pools: ReadonlyMap<ServiceName, Pool>;
  board: ReplicaBoard;
  /** Nobody else runs these services. */
  soleProcess: boolean;
}

/** PostgreSQL answers on the pools of this process, and has not just refused its events. */
@Injectable()
@HealthCheck('postgres')
export class PostgresHealth {
  static pools: ReadonlyMap<ServiceName, Pool> = new Map();
  static stores: ReadonlyMap<ServiceName, Pick<EventStore, 'writesRefusedBecause'>> = new Map();

  async check(): Promise<HealthResult> {
    const [pool] = PostgresHealth.pools.values();
    await pool?.query('select 1');
    for (const [service, { writesRefusedBecause }] of PostgresHealth.stores) {
      if (writesRefusedBecause === null) continue;
      return { ok: false, detail: `PostgreSQL refuses to write events of the ${service}: ${writesRefusedBecause}` };
    }
    return { ok: true };
  }
}

/** Makes stores, pools, settings and bus bindings injectable everywhere. */
@Global()
@Module({})
export class MechanismsModule {
  static of(mechanisms: Mechanisms): DynamicModule {
    PostgresHealth.pools = mechanisms.pools;
    PostgresHealth.stores = mechanisms.stores;
    const providers: Provider[] = [
      { provide: SETTINGS, useValue: mechanisms.settings },
      { provide: SOLE_PROCESS, useValue: mechanisms.soleProcess },
      { provide: BusBindings, useValue: mechanisms.bindings },
      { provide: ReplicaBoard, useValue: mechanisms.board },
      ...[...mechanisms.stores].map(([service, store]) => ({ provide: storeToken(service), useValue: store })),
      ...[...mechanisms.pools].map(([service, pool]) => ({ provide: poolToken(service), useValue: pool })),
    ];
    return {
      module: MechanismsModule,
      imports: [DiscoveryModule],
      providers: [...providers, PostgresHealth],
      exports: [...providers.map((provider) => (provider as { provide: string }).provide), DiscoveryModule],
    };
  }
}

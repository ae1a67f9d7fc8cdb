import { Inject } from '@nestjs/common';
import type { ServiceName } from '@sluice/contracts';

/** Injection tokens; standalone holds all five services in one container, so each is named by its service. */
export const storeToken = (service: ServiceName): string => `store:${service}`;
export const poolToken = (service: ServiceName): string => `pool:${service}`;
export const SETTINGS = 'settings';
/** Whether this process is known to be the only one of its services (boolean): leases need not be waited for. */
export const SOLE_PROCESS = 'sole-process';

/** The service's EventStore. */
export const InjectStore = (service: ServiceName): ParameterDecorator & PropertyDecorator =>
  Inject(storeToken(service));
/** The service's small pg.Pool, for reads and read-model writes. */
export const InjectPool = (service: ServiceName): ParameterDecorator & PropertyDecorator => Inject(poolToken(service));
export const InjectSettings = (): ParameterDecorator & PropertyDecorator => Inject(SETTINGS);

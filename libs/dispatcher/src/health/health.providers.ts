import type { Provider, Type } from '@nestjs/common';
import { BacklogWorker } from './backlog.worker.ts';
import { EndpointControls } from './endpoint-controls.ts';
import { EndpointControlsController } from './endpoint-controls.controller.ts';
import { EndpointHealth } from './endpoint-health.ts';
import { EndpointStatuses } from './endpoint-statuses.ts';

/** How endpoints fare, and what is done about it. */
export const HEALTH_PROVIDERS: Provider[] = [EndpointStatuses, EndpointHealth, EndpointControls, BacklogWorker];
export const HEALTH_CONTROLLERS: Type<unknown>[] = [EndpointControlsController];

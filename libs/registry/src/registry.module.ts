import { Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { AccessModule } from '@sluice/access';
import { EventSchemasModule } from '@sluice/event-schemas';
import { ReplicaBoard } from '@sluice/local-copy';
import { outboundClientOf, OutboundClient } from '@sluice/outbound-http';
import { poolToken, SETTINGS, type Settings } from '@sluice/platform';
import { SealedValues } from '@sluice/sealed-values';
import type { Pool } from 'pg';
import { Apps } from './apps/apps.ts';
import { AppsController } from './apps/apps.controller.ts';
import { FirstStart } from './bootstrap/first-start.ts';
import { ChangeLog } from './changes/change-log.ts';
import { History } from './changes/history.ts';
import { Endpoints } from './endpoints/endpoints.ts';
import { EndpointSwitchController } from './endpoints/endpoint-switch.controller.ts';
import { EndpointsController } from './endpoints/endpoints.controller.ts';
import { InlineWebhooksController } from './endpoints/inline-webhooks.controller.ts';
import { EndpointQueries } from './endpoints/endpoints.query.ts';
import { EventTypes } from './event-types/event-types.ts';
import { EventTypesController } from './event-types/event-types.controller.ts';
import { EventTypeExamples } from './event-types/event-type-examples.ts';
import { EventTypeQueries } from './event-types/event-types.query.ts';
import { EntitiesController } from './entities/entities.controller.ts';
import { Flows } from './flows/flows.ts';
import { FlowSchemaController } from './flows/flow-schema.controller.ts';
import { FlowsController } from './flows/flows.controller.ts';
import { FlowCycles } from './flows/flow-cycles.ts';
import { FlowQueries } from './flows/flows.query.ts';
import { Crons } from './listeners/crons.ts';
import { CronsController } from './listeners/crons.controller.ts';
import { Listeners } from './listeners/listeners.ts';
import { ListenersController } from './listeners/listeners.controller.ts';
import { Webhooks } from './listeners/webhooks.ts';
import { WebhooksController } from './listeners/webhooks.controller.ts';
import { PortalLinks } from './portal/portal-links.ts';
import { PortalPageController } from './portal/portal-page.controller.ts';
import { PortalLinksController } from './portal/portal-links.controller.ts';
import { Sealing } from './sealing/sealing.ts';
import { SealingKeysController } from './sealing/sealing-keys.controller.ts';
import { Secrets } from './secrets/secrets.ts';
import { SecretsController } from './secrets/secrets.controller.ts';
import { PersonalAccessTokensController } from './personal-access-tokens/personal-access-tokens.controller.ts';
import { Sessions } from './sessions/sessions.ts';
import { SessionsController } from './sessions/sessions.controller.ts';
import { SignInLimiter } from './sessions/sign-in-limiter.ts';
import { Tokens } from './tokens/tokens.ts';
import { TokensController } from './tokens/tokens.controller.ts';
import { TokenQueries } from './tokens/tokens.query.ts';
import { CaptureController } from './triggers/capture.controller.ts';
import { FlowTokenController } from './triggers/flow-token.controller.ts';
import { TokenReading } from './triggers/token-reading.ts';
import { TriggerSecretsController } from './trigger-auth/trigger-secrets.controller.ts';
import { AppExport } from './transfer/app-export.ts';
import { AppImport } from './transfer/app-import.ts';
import { ResourceSaver } from './transfer/resource-saver.ts';
import { TransferController } from './transfer/transfer.controller.ts';
import { ForwardTargets } from './triggers/forward-to.ts';
import { Triggers } from './triggers/triggers.ts';
import { TriggersController } from './triggers/triggers.controller.ts';
import { TriggerQueries } from './triggers/triggers.query.ts';

import { PasswordHash } from './users/password-hash.ts';
import { Users } from './users/users.ts';
import { UsersController } from './users/users.controller.ts';
import { UserQueries } from './users/users.query.ts';

const log = new Logger('registry');

/** Takes down what the module opened. */
@Injectable()
class Closing implements OnApplicationShutdown {
  constructor(
    private readonly board: ReplicaBoard,
    private readonly outbound: OutboundClient,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.board.close(), this.outbound.close()]);
  }
}

@Module({
  imports: [AccessModule, EventSchemasModule],
  controllers: [
    AppsController,
    FlowsController,
    FlowSchemaController,
    WebhooksController,
    ListenersController,
    CronsController,
    TriggersController,
    TriggerSecretsController,
    FlowTokenController,
    CaptureController,
    EndpointSwitchController,
    EndpointsController,
    InlineWebhooksController,
    TokensController,
    EventTypesController,
    SealingKeysController,
    TransferController,
    PersonalAccessTokensController,
    UsersController,
    SessionsController,
    SecretsController,
    EntitiesController,
    PortalLinksController,
    PortalPageController,
  ],
  providers: [
    {
      provide: ReplicaBoard,
      inject: [poolToken('registry'), SETTINGS],
      useFactory: (pool: Pool, settings: Settings) =>
        new ReplicaBoard({
          pool,
          instance: settings.instanceId,
          waitMs: settings.propagationWaitMs,
          onError: (error) => log.warn(`replica board: ${(error as Error).message}`),
        }),
    },
    {
      provide: SealedValues,
      inject: [poolToken('registry'), SETTINGS],
      useFactory: (pool: Pool, settings: Settings) => new SealedValues({ pool, keys: settings.encryptionKeys }),
    },
    {
      // Judges URLs only: the registry calls nobody.
      provide: OutboundClient,
      inject: [SETTINGS],
      useFactory: (settings: Settings) => outboundClientOf(settings),
    },
    ChangeLog,
    History,
    Sealing,
    Apps,
    Flows,
    FlowCycles,
    FlowQueries,
    Listeners,
    Webhooks,
    Crons,
    Triggers,
    ForwardTargets,
    TriggerQueries,
    TokenReading,
    Endpoints,
    EndpointQueries,
    Tokens,
    TokenQueries,
    Users,
    UserQueries,
    PasswordHash,
    Sessions,
    SignInLimiter,
    Secrets,
    EventTypes,
    AppExport,
    AppImport,
    ResourceSaver,
    EventTypeExamples,
    EventTypeQueries,
    PortalLinks,
    FirstStart,
    Closing,
  ],
})
export class RegistryModule {}

import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { platformError } from '@sluice/platform';
import type { Page } from '../read-model/page.ts';
import { DeliveriesQueries, type DeliveryView } from './deliveries.query.ts';
import { DeliveriesQuery } from './deliveries.requests.ts';
import { DELIVERY, DELIVERY_PAGE } from '../read-model/answer-schemas.ts';

const RING = 100;

@ApiTags('deliveries')
@ApiBearerAuth()
@Controller('v1')
export class DeliveriesController {
  constructor(private readonly queries: DeliveriesQueries) {}

  /** Deliveries of an app with their attempts, newest first. */
  @Get('deliveries')
  @ApiOkResponse({ schema: DELIVERY_PAGE })
  @Requires('automation.view')
  list(@InApp() app: AppScope, @Query() query: DeliveriesQuery): Promise<Page<DeliveryView>> {
    return this.queries.list(app.id, query);
  }

  @Get('deliveries/:id')
  @ApiOkResponse({ schema: DELIVERY })
  @Requires('automation.view')
  async get(@InApp() app: AppScope, @Param('id') id: string): Promise<DeliveryView> {
    const delivery = isUuid(id) ? await this.queries.find(id) : null;
    if (!delivery || !app.sees(delivery.appId)) throw platformError('not_found', `there is no delivery ${id}`);
    return delivery;
  }

  /** The last 100 deliveries of an endpoint. */
  @Get('endpoints/:id/events')
  @ApiOkResponse({ schema: DELIVERY_PAGE })
  @Requires('automation.view')
  ofEndpoint(@InApp() app: AppScope, @Param('id') id: string): Promise<Page<DeliveryView>> {
    return this.queries.list(app.id, Object.assign(new DeliveriesQuery(), { endpointId: id, limit: RING }));
  }
}

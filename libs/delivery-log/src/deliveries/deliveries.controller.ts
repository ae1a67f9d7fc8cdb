import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { platformError } from '@sluice/platform';
import type { Page } from '../read-model/page.ts';
import { DeliveriesQueries, type DeliveryView } from './deliveries.query.ts';
import { KnownEndpoints } from './known-endpoints.ts';
import { WholeBodies } from './whole-bodies.ts';
import { DeliveriesQuery, EndpointEventsQuery } from './deliveries.requests.ts';
import { DELIVERY, DELIVERY_PAGE } from '../read-model/answer-schemas.ts';

@ApiTags('deliveries')
@ApiBearerAuth()
@Controller('v1')
export class DeliveriesController {
  constructor(
    private readonly queries: DeliveriesQueries,
    private readonly bodies: WholeBodies,
    private readonly endpoints: KnownEndpoints,
  ) {}

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

  /**
   * The last 100 deliveries of an endpoint. Of long bodies they have the first 64 KiB; each delivery alone has them whole. A page ends
   * early, with `nextCursor`, once its attempts are over 16 MiB.
   */
  @Get('endpoints/:id/events')
  @ApiOkResponse({ schema: DELIVERY_PAGE })
  @Requires('automation.view', { portal: 'view' })
  ofEndpoint(
    @InApp() app: AppScope,
    @Param('id') id: string,
    @Query() query: EndpointEventsQuery,
  ): Promise<Page<DeliveryView>> {
    return this.endpoints.pageOf(app, id, (appId) => this.queries.ring(appId, id, query));
  }

  /** One delivery of an endpoint with the whole bodies of its attempts (ET-09); older ones than the last 100 have 64 KiB. */
  @Get('endpoints/:id/events/:deliveryId')
  @ApiOkResponse({ schema: DELIVERY })
  @Requires('automation.view', { portal: 'view' })
  async ofEndpointOne(
    @InApp() app: AppScope,
    @Param('id') id: string,
    @Param('deliveryId') deliveryId: string,
  ): Promise<DeliveryView> {
    const found = isUuid(deliveryId) ? await this.queries.findOfEndpoint(deliveryId, id) : null;
    if (!found || !app.sees(found.delivery.appId))
      throw platformError('not_found', `there is no delivery ${deliveryId} of this endpoint`);
    return this.bodies.fill(found);
  }
}

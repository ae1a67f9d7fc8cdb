import { Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiConflictResponse, ApiNotFoundResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { DeliveryRetrier } from './delivery-retrier.ts';

@ApiTags('deliveries')
@ApiBearerAuth()
@Controller('v1/deliveries')
export class DeliveriesController {
  constructor(@Inject(DeliveryRetrier) private readonly retrier: DeliveryRetrier) {}

  @Post(':id/retry')
  @HttpCode(202)
  @Requires('automation.manage', { role: 'operator' })
  @ApiAcceptedResponse({
    description:
      'A new round of attempts begins at once, with the same ids; the next attempt is made now where one is planned.',
  })
  @ApiNotFoundResponse({ description: 'unknown_delivery' })
  @ApiConflictResponse({ description: 'delivery_pending (an attempt is under way), endpoint_gone' })
  async retry(@Param('id') id: string, @InApp() app: AppScope): Promise<{ id: string; status: 'pending' }> {
    await this.retrier.retry(id, (appId) => app.sees(appId));
    return { id, status: 'pending' };
  }
}

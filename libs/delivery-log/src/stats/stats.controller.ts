import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { StatsQueries } from './stats.query.ts';
import { Stats, StatsQuery } from './stats.requests.ts';

@ApiTags('stats')
@ApiBearerAuth()
@Controller('v1/stats')
export class StatsController {
  constructor(private readonly queries: StatsQueries) {}

  /** Rates, latencies, failures and backlog of an app, a trigger, a flow or an endpoint, by minute or hour. */
  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: Stats })
  get(@InApp() app: AppScope, @Query() query: StatsQuery): Promise<Stats> {
    return this.queries.of(app.id, query);
  }
}

import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseFilters } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiBody, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { actorOf, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { Crons } from './crons.ts';
import { LENRA_ERRORS, LenraErrors } from './lenra-errors.filter.ts';
import { CreateCron, CronView } from './listener.requests.ts';

/** Listeners that are run at times. */
@ApiTags('listeners')
@ApiBearerAuth()
@UseFilters(LenraErrors)
@Controller('app-api/v1/crons')
export class CronsController {
  constructor(private readonly crons: Crons) {}

  /** Runs a listener at the times of a cron expression, with props and an empty event. */
  @Post()
  @HttpCode(200)
  @RouteConfig(LENRA_ERRORS)
  @Requires('automation.manage')
  @ApiBody({ type: CreateCron })
  @ApiOkResponse({ type: CronView })
  create(@Body() body: unknown, @Caller() caller: Principal, @InApp() app: AppScope): Promise<CronView> {
    return this.crons.create(body, app, caller);
  }

  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: [CronView] })
  list(@InApp() app: AppScope): Promise<CronView[]> {
    return this.crons.list(app);
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('automation.manage')
  @ApiNoContentResponse()
  delete(@Param('id') id: string, @Caller() caller: Principal, @InApp() app: AppScope): Promise<void> {
    return this.crons.delete(id, app, actorOf(caller));
  }
}

import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { AppQuery } from '@sluice/platform';
import { runnerError } from '../runner.errors.ts';
import {
  SchedulePage,
  ScheduleResource,
  scheduleResource,
  SchedulesQuery,
  scheduleSummary,
} from './schedule-resource.ts';
import { SchedulesQueries } from './schedules.query.ts';

/** What the clock starts, and when. Schedules are changed where they are written: with their flow, or at /app-api/v1/crons. */
@ApiTags('schedules')
@ApiBearerAuth()
@Controller('v1/schedules')
export class SchedulesController {
  constructor(private readonly schedules: SchedulesQueries) {}

  /** Schedules of the published versions of flows, and of listeners; what comes round first stands first. */
  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: SchedulePage })
  async list(@InApp() app: AppScope, @Query() query: SchedulesQuery): Promise<SchedulePage> {
    const { rows, nextCursor } = await this.schedules.list(app.id, query);
    return { items: rows.map(scheduleSummary), nextCursor };
  }

  /** One with its input and its next times. */
  @Get(':id')
  @Requires('automation.view')
  @ApiOkResponse({ type: ScheduleResource })
  async get(@InApp() app: AppScope, @Param('id') id: string, @Query() _query: AppQuery): Promise<ScheduleResource> {
    const row = isUuid(id) ? await this.schedules.find(id.toLowerCase()) : null;
    if (!row || !app.sees(row.app_id))
      throw runnerError('schedule_not_found', `there is no schedule ${id.slice(0, 100)}`);
    return scheduleResource(row, Date.now());
  }
}

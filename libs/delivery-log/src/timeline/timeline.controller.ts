import { Controller, Get, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { platformError } from '@sluice/platform';
import { AppFloors } from '../retention/app-floors.ts';
import type { TimelineNode } from './timeline-node.ts';
import { TimelineRowsQuery } from './timeline-rows.query.ts';
import { timelineTree } from './timeline-tree.ts';
import { TIMELINE } from '../read-model/answer-schemas.ts';

@ApiTags('timeline')
@ApiBearerAuth()
@Controller('v1/timeline')
export class TimelineController {
  constructor(
    private readonly rows: TimelineRowsQuery,
    private readonly floors: AppFloors,
  ) {}

  /** LG-01: the whole causal tree that a request (also a refused one that was recorded), run, event or delivery belongs to. */
  @Get(':id')
  @ApiOkResponse({ schema: TIMELINE })
  @Requires('automation.view')
  async get(@InApp() app: AppScope, @Param('id') id: string): Promise<{ id: string; root: TimelineNode }> {
    const place = isUuid(id) ? await this.rows.rootOf(id) : null;
    const rows = place ? await this.rows.rowsOf(place) : null;
    const root = rows ? timelineTree(rows) : null;
    const appId =
      rows?.request?.app_id ?? rows?.rejection?.app_id ?? rows?.runs[0]?.app_id ?? rows?.events[0]?.app_id ?? null;
    const isHidden = place !== null && appId !== null && (await this.floors.hides(appId, place.rootId));
    if (!root || isHidden || !app.sees(appId))
      throw platformError('not_found', `nothing with the id ${id} was recorded`);
    return { id, root };
  }
}

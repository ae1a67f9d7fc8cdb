import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { SearchQueries } from './search.query.ts';
import { SearchPage, SearchQuery } from './search.requests.ts';

@ApiTags('search')
@ApiBearerAuth()
@Controller('v1/search')
export class SearchController {
  constructor(private readonly queries: SearchQueries) {}

  /**
   * Requests (also what is recorded of refused ones), runs, events and deliveries of an app, newest first. Text, and flow or trigger of events and deliveries, are
   * looked for without an index, half a second in one answer: `searchedUntil` says how far that reached.
   */
  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: SearchPage })
  search(@InApp() app: AppScope, @Query() query: SearchQuery): Promise<SearchPage> {
    return this.queries.search(app.id, query);
  }
}

import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { appsOf, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { AllowsDryRun, platformError } from '@sluice/platform';
import { actorOf } from '../changes/change-log.ts';
import { History, HistoryPage } from '../changes/history.ts';
import { type Page, PageQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { validated } from '../requests/validated.ts';
import { AppPage, AppView, CreateApp } from './app.requests.ts';
import { Apps } from './apps.ts';

@ApiTags('apps')
@ApiBearerAuth()
@Controller('v1/apps')
export class AppsController {
  constructor(
    private readonly apps: Apps,
    private readonly history: History,
  ) {}

  @Post()
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('admin', { everywhere: true })
  @ApiBody({ type: CreateApp })
  @ApiCreatedResponse({ type: AppView })
  async create(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<AppView> {
    const { name } = await validated(CreateApp, body);
    const app = await this.apps.create(name, actorOf(caller));
    reply.header('location', `/v1/apps/${app.id}`);
    return app;
  }

  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: AppPage })
  list(@Query() query: PageQuery, @Caller() caller: Principal): Promise<Page<AppView>> {
    return this.apps.page(query, appsOf(caller, 'viewer'));
  }

  @Get(':id')
  @Requires('automation.view')
  @ApiOkResponse({ type: AppView })
  async get(@Param('id') id: string, @InApp() app: AppScope): Promise<AppView> {
    const found = isUuid(id) && app.sees(id.toLowerCase()) ? await this.apps.find(id) : null;
    if (!found) throw platformError('not_found', 'there is no such app');
    return found;
  }

  @Get(':id/history')
  @Requires('automation.view')
  @ApiOkResponse({ type: HistoryPage })
  historyOf(@Param('id') id: string, @Query() query: PageQuery, @InApp() app: AppScope): Promise<HistoryPage> {
    return this.history.page('App', id, app, query);
  }
}

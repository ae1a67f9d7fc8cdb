import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiConflictResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { actorOf, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { IdPageQuery, platformError } from '@sluice/platform';
import { EndpointControls } from '../health/endpoint-controls.ts';
import { REPLAYABLE, type Replayable } from './replay.ts';
import { ReplayToAny, ReplayToOne } from './replay.requests.ts';
import { ReplayAccepted, ReplayPage, ReplayView } from './replay.responses.ts';
import { Replays } from './replays.ts';

/** DL-06: events are sent again, with the same ids, to one endpoint or to all. */
@ApiTags('replays')
@ApiBearerAuth()
@Controller('v1')
export class ReplaysController {
  constructor(
    @Inject(Replays) private readonly replays: Replays,
    @Inject(EndpointControls) private readonly controls: EndpointControls,
  ) {}

  @Post('endpoints/:id/replay')
  @HttpCode(202)
  @Requires('automation.manage', { role: 'operator', portal: 'replay' })
  @ApiAcceptedResponse({ type: ReplayAccepted })
  @ApiNotFoundResponse({ description: 'not_found' })
  @ApiConflictResponse({ description: 'endpoint_gone' })
  async toOne(
    @Param('id') id: string,
    @Body() wish: ReplayToOne,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
  ): Promise<ReplayAccepted> {
    const endpoint = await this.controls.find(id, (appId) => app.sees(appId));
    const by = actorOf(caller).id;
    const asked = caller.portal ? { ...wish, status: withoutMissing(wish.status ?? null) } : wish;
    return { replayId: await this.replays.start(asked, { endpoint, appId: endpoint.appId, by }) };
  }

  /** How far the replays to one endpoint are, newest first. */
  @Get('endpoints/:id/replays')
  @Requires('automation.view', { portal: 'view' })
  @ApiOkResponse({ type: ReplayPage })
  @ApiNotFoundResponse({ description: 'not_found' })
  async ofEndpoint(@Param('id') id: string, @Query() query: IdPageQuery, @InApp() app: AppScope): Promise<ReplayPage> {
    return this.replays.pageOf(await this.controls.find(id, (appId) => app.sees(appId)), query);
  }

  @Post('replays')
  @HttpCode(202)
  @Requires('automation.manage', { role: 'operator' })
  @ApiAcceptedResponse({ type: ReplayAccepted })
  @ApiNotFoundResponse({ description: 'not_found' })
  @ApiConflictResponse({ description: 'endpoint_gone' })
  async toAny(@Body() wish: ReplayToAny, @Caller() caller: Principal, @InApp() app: AppScope): Promise<ReplayAccepted> {
    const endpoint = wish.endpointId ? await this.controls.find(wish.endpointId, (appId) => app.sees(appId)) : null;
    const appId = endpoint?.appId ?? app.id;
    return { replayId: await this.replays.start(wish, { endpoint, appId, by: actorOf(caller).id }) };
  }

  @Get('replays')
  @Requires('automation.view')
  @ApiOkResponse({ type: ReplayPage })
  list(@Query() query: IdPageQuery, @InApp() app: AppScope): Promise<ReplayPage> {
    return this.replays.page(app.id, query);
  }

  @Get('replays/:id')
  @Requires('automation.view')
  @ApiOkResponse({ type: ReplayView })
  @ApiNotFoundResponse({ description: 'not_found' })
  get(@Param('id') id: string, @InApp() app: AppScope): Promise<ReplayView> {
    return this.replays.get(id, (appId) => app.sees(appId));
  }

  @Post('replays/:id/cancel')
  @HttpCode(200)
  @Requires('automation.manage', { role: 'operator' })
  @ApiOkResponse({ type: ReplayView, description: 'Nothing more is planned; what is planned goes out.' })
  @ApiNotFoundResponse({ description: 'not_found' })
  cancel(@Param('id') id: string, @InApp() app: AppScope): Promise<ReplayView> {
    return this.replays.cancel(id, (appId) => app.sees(appId));
  }
}

/**
 * Who holds a portal link is sent again what the endpoint was sent, and nothing else: otherwise the id of an event that was
 * for somebody else would be enough to have it.
 */
function withoutMissing(status: Replayable[] | null): Replayable[] {
  const kept = (status ?? REPLAYABLE).filter((each) => each !== 'missing');
  if (kept.length === 0) throw platformError('forbidden', 'a portal link replays what was sent before');
  return kept;
}

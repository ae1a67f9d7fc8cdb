import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import type { SecretState } from '@sluice/contracts';
import { AllowsDryRun } from '@sluice/platform';
import { actorOf, etagOf, IF_MATCH, IF_NONE_MATCH } from '../changes/change-log.ts';
import { History, HistoryPage } from '../changes/history.ts';
import { PageQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { validated } from '../requests/validated.ts';
import { SaveSecret, SecretPage, SecretView } from './secret.requests.ts';
import { secretIdOf, Secrets } from './secrets.ts';

/** Secrets of an app, by name. Values go in and never come out. */
@ApiTags('secrets')
@ApiBearerAuth()
@Controller('v1/secrets')
export class SecretsController {
  constructor(
    private readonly secrets: Secrets,
    private readonly history: History,
  ) {}

  @Put(':name')
  @AllowsDryRun()
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  @ApiHeader(IF_NONE_MATCH)
  @ApiBody({ type: SaveSecret })
  @ApiOkResponse({ type: SecretView, description: 'it was there and has the new value' })
  @ApiCreatedResponse({ type: SecretView, description: 'it is new' })
  async save(
    @Param('name') name: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<SecretView> {
    const { value } = await validated(SaveSecret, body);
    const saved = await this.secrets.save(app.id, name, value, actorOf(caller), ifMatch, ifNoneMatch);
    if (saved.isNew) reply.code(201);
    reply.header('etag', etagOf(saved.streamVersion));
    return secretViewOf(saved.state);
  }

  @Get()
  @Requires('automation.manage')
  @ApiOkResponse({ type: SecretPage })
  async list(@Query() query: PageQuery, @InApp() app: AppScope): Promise<SecretPage> {
    const page = await this.secrets.page(app.id, query);
    return { items: page.items.map(secretViewOf), nextCursor: page.nextCursor };
  }

  @Get(':name')
  @Requires('automation.manage')
  @ApiOkResponse({ type: SecretView })
  async get(
    @Param('name') name: string,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<SecretView> {
    const { state, streamVersion } = await this.secrets.get(app.id, name);
    reply.header('etag', etagOf(streamVersion));
    return secretViewOf(state);
  }

  @Get(':name/history')
  @Requires('automation.manage')
  @ApiOkResponse({ type: HistoryPage })
  historyOf(@Param('name') name: string, @Query() query: PageQuery, @InApp() app: AppScope): Promise<HistoryPage> {
    return this.history.page('Secret', secretIdOf(app.id, name), app, query);
  }

  @Delete(':name')
  @AllowsDryRun()
  @HttpCode(204)
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  delete(
    @Param('name') name: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    return this.secrets.delete(app.id, name, actorOf(caller), ifMatch);
  }
}

function secretViewOf({ name, appId, createdAt, updatedAt }: SecretState): SecretView {
  return { name, appId, createdAt, updatedAt };
}

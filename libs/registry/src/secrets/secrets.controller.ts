import { Body, Controller, Delete, Get, HttpCode, Param, Put, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import type { SecretState } from '@sluice/contracts';
import { actorOf } from '../changes/change-log.ts';
import type { Reply } from '../requests/reply.ts';
import { validated } from '../requests/validated.ts';
import { SaveSecret, SecretList, SecretView } from './secret.requests.ts';
import { Secrets } from './secrets.ts';

@ApiTags('secrets')
@ApiBearerAuth()
@Controller('v1/secrets')
export class SecretsController {
  constructor(private readonly secrets: Secrets) {}

  @Put(':name')
  @Requires('automation.manage')
  @ApiBody({ type: SaveSecret })
  @ApiOkResponse({ type: SecretView })
  async save(
    @Param('name') name: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<SecretView> {
    const { value } = await validated(SaveSecret, body);
    const { state, isNew } = await this.secrets.save(app.id, name, value, actorOf(caller));
    if (isNew) reply.code(201);
    return secretViewOf(state);
  }

  @Get()
  @Requires('automation.manage')
  @ApiOkResponse({ type: SecretList })
  async list(@InApp() app: AppScope): Promise<SecretList> {
    return { items: (await this.secrets.list(app.id)).map(secretViewOf), nextCursor: null };
  }

  @Delete(':name')
  @HttpCode(204)
  @Requires('automation.manage')
  delete(@Param('name') name: string, @Caller() caller: Principal, @InApp() app: AppScope): Promise<void> {
    return this.secrets.delete(app.id, name, actorOf(caller));
  }
}

function secretViewOf({ name, appId, createdAt, updatedAt }: SecretState): SecretView {
  return { name, appId, createdAt, updatedAt };
}

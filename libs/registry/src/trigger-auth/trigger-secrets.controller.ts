import { Body, Controller, Delete, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiTags } from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { AllowsDryRun, OptionalBody } from '@sluice/platform';
import { actorOf, IF_MATCH } from '../changes/change-log.ts';
import { answerDeleted, answerWith } from '../changes/changed.ts';
import type { Reply } from '../requests/reply.ts';
import { Triggers } from '../triggers/triggers.ts';
import { AddTriggerSecret, NewTriggerSecret } from './trigger-secret.requests.ts';

/** Rotation of what proves requests: passwords, keys of signatures and of HS tokens. */
@ApiTags('triggers')
@ApiBearerAuth()
@Controller('v1/triggers')
export class TriggerSecretsController {
  constructor(private readonly triggers: Triggers) {}

  @Post(':id/secrets')
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  @OptionalBody({ type: AddTriggerSecret })
  @ApiCreatedResponse({ type: NewTriggerSecret })
  async add(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<NewTriggerSecret> {
    const added = await this.triggers.addSecret(id, body ?? {}, app, actorOf(caller), ifMatch);
    const { secret, isOurs } = added.value;
    reply.header('cache-control', 'no-store');
    const { id: secretId, createdAt } = secret.stored;
    return answerWith(reply, added, { id: secretId, createdAt, secret: isOurs ? secret.clear : null });
  }

  @Delete(':id/secrets/:secretId')
  @AllowsDryRun()
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  async revoke(
    @Param('id') id: string,
    @Param('secretId') secretId: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    return answerDeleted(reply, await this.triggers.revokeSecret(id, secretId, app, actorOf(caller), ifMatch));
  }
}

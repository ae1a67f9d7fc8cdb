import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiConflictResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { InjectSettings, type Settings } from '@sluice/platform';
import { actorOf } from '../changes/change-log.ts';
import type { Reply } from '../requests/reply.ts';
import { TokenReading } from './token-reading.ts';
import { urlOfTrigger } from './trigger-profile.rules.ts';
import { ShownTriggerToken } from './trigger.requests.ts';
import { curlOf, exampleBodyOf } from './trigger.rules.ts';

/** What the console shows in a flow's "Edit settings" box (LC-03). */
@ApiTags('triggers')
@ApiBearerAuth()
@Controller('v1/triggers')
export class FlowTokenController {
  constructor(
    private readonly reading: TokenReading,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  @Get(':id/token')
  @Requires('automation.manage')
  @ApiOkResponse({ type: ShownTriggerToken })
  @ApiConflictResponse({ description: '`token_shown_once`: the trigger is not of profile `flow`' })
  async read(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ShownTriggerToken> {
    const { state, token, clear, definition } = await this.reading.read(id, app, actorOf(caller));
    reply.header('cache-control', 'no-store');
    const url = urlOfTrigger(state, this.settings.publicUrl);
    const curl = curlOf(url, state.auth, state.methods[0] ?? 'POST', clear, exampleBodyOf(definition));
    return { id: token.id, createdAt: token.createdAt, url, token: clear, instructions: { curl } };
  }
}

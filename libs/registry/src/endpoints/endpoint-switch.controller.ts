import { Controller, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { actorOf } from '../changes/change-log.ts';
import { answerWith } from '../changes/changed.ts';
import type { Reply } from '../requests/reply.ts';
import { EndpointView, endpointViewOf } from './endpoint.responses.ts';
import { Endpoints } from './endpoints.ts';

const IF_MATCH = { name: 'If-Match', required: false, description: 'ETag that the change is meant for; stale: 412' };

/** DL-05: the same as changing `enabled`. Disabling discards what waits; pausing, which keeps it, is the dispatcher's. */
@ApiTags('endpoints')
@ApiBearerAuth()
@Controller('v1/endpoints')
export class EndpointSwitchController {
  constructor(private readonly endpoints: Endpoints) {}

  @Post(':id/enable')
  @HttpCode(200)
  @Requires('admin', { portal: 'manage' })
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: EndpointView })
  enable(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<EndpointView> {
    return this.switched(id, true, { caller, app, ifMatch, reply });
  }

  @Post(':id/disable')
  @HttpCode(200)
  @Requires('admin', { portal: 'manage' })
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: EndpointView, description: 'Nothing is sent; what waited is discarded.' })
  disable(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<EndpointView> {
    return this.switched(id, false, { caller, app, ifMatch, reply });
  }

  private async switched(
    id: string,
    enabled: boolean,
    request: { caller: Principal; app: AppScope; ifMatch: string | undefined; reply: Reply },
  ): Promise<EndpointView> {
    const { caller, app, ifMatch, reply } = request;
    const changed = await this.endpoints.change(id, { enabled }, app, actorOf(caller), ifMatch);
    return answerWith(reply, changed, endpointViewOf(changed.value));
  }
}

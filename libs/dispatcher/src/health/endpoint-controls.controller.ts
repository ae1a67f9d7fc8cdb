import { Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiNotFoundResponse, ApiOkResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { actorOf, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { type Controlled, EndpointControls } from './endpoint-controls.ts';

class PauseView {
  @ApiProperty({ enum: ['person', 'gone', 'failing'] })
  reason!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty()
  detail!: string;
}

export class EndpointStatusView {
  @ApiProperty()
  id!: number;

  @ApiProperty({ format: 'uuid' })
  uuid!: string;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({ type: PauseView, nullable: true, description: 'null: deliveries go out' })
  paused!: PauseView | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'the receiver asked for it' })
  holdUntil!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  failingSince!: string | null;

  @ApiProperty({ required: false, description: 'true when not every dispatcher had the change within two seconds' })
  propagating?: boolean;
}

function viewOf({ endpoint, status, propagating }: Controlled): EndpointStatusView {
  const { paused, holdUntil, failingSince } = status;
  const { id, uuid, enabled } = endpoint;
  return { id, uuid, enabled, paused, holdUntil, failingSince, ...(propagating ? { propagating: true } : {}) };
}

/** DL-05: paused endpoints keep what is for them; `enable` and `disable`, which discards, are the registry's. */
@ApiTags('endpoints')
@ApiBearerAuth()
@Controller('v1/endpoints')
export class EndpointControlsController {
  constructor(@Inject(EndpointControls) private readonly controls: EndpointControls) {}

  @Post(':id/pause')
  @HttpCode(200)
  @Requires('automation.manage', { role: 'operator', portal: 'manage' })
  @ApiOkResponse({ type: EndpointStatusView, description: 'Nothing more is sent; what is for it is kept.' })
  @ApiNotFoundResponse({ description: 'not_found' })
  async pause(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
  ): Promise<EndpointStatusView> {
    const endpoint = await this.controls.find(id, (appId) => app.sees(appId));
    return viewOf(await this.controls.pause(endpoint, actorOf(caller)));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Requires('automation.manage', { role: 'operator', portal: 'manage' })
  @ApiOkResponse({ type: EndpointStatusView, description: 'What waited goes out.' })
  @ApiNotFoundResponse({ description: 'not_found' })
  async resume(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
  ): Promise<EndpointStatusView> {
    const endpoint = await this.controls.find(id, (appId) => app.sees(appId));
    return viewOf(await this.controls.resume(endpoint, actorOf(caller)));
  }
}

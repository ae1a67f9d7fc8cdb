import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { platformError } from '@sluice/platform';
import { Rebuilds } from './rebuilds.ts';
import { NewRebuild, Rebuild, RebuildList } from './rebuilds.requests.ts';

/** For operators: read models belong to the deployment, not to an app. */
@ApiTags('rebuilds')
@ApiBearerAuth()
@Controller('v1/rebuilds')
export class RebuildsController {
  constructor(private readonly rebuilds: Rebuilds) {}

  /** Builds a read model again from the events, beside the live one, and puts it in its place. One runs at a time. */
  @Post()
  @HttpCode(202)
  @ApiAcceptedResponse({ type: Rebuild })
  @Requires('admin', { everywhere: true })
  start(@Body() { projection }: NewRebuild): Promise<Rebuild> {
    return this.rebuilds.ask(projection);
  }

  /** Ends one that runs; the live read model stays as it is. `cancelling` until the process that works at it has let go. */
  @Post(':id/cancel')
  @HttpCode(202)
  @ApiAcceptedResponse({ type: Rebuild })
  @Requires('admin', { everywhere: true })
  async cancel(@Param('id') id: string): Promise<Rebuild> {
    const rebuild = isUuid(id) ? await this.rebuilds.cancel(id) : null;
    if (!rebuild) throw platformError('not_found', `there is no rebuild ${id}`);
    return rebuild;
  }

  @Get()
  @ApiOkResponse({ type: RebuildList })
  @Requires('admin', { everywhere: true })
  async list(): Promise<RebuildList> {
    return { items: await this.rebuilds.list() };
  }

  @Get(':id')
  @ApiOkResponse({ type: Rebuild })
  @Requires('admin', { everywhere: true })
  async get(@Param('id') id: string): Promise<Rebuild> {
    const rebuild = isUuid(id) ? await this.rebuilds.find(id) : null;
    if (!rebuild) throw platformError('not_found', `there is no rebuild ${id}`);
    return rebuild;
  }
}

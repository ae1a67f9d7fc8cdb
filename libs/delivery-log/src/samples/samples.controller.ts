import type { ServerResponse } from 'node:http';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { MAX_WAIT_MS, platformError, waitMs } from '@sluice/platform';
import { KnownTriggers } from '../requests/known-triggers.ts';
import { SampleWatch } from './sample-watch.ts';
import { SamplesQueries } from './samples.query.ts';
import { SampleList, SamplesQuery } from './samples.requests.ts';

/** What is needed of Fastify's reply: to learn that the caller has gone. */
interface Reply {
  raw: ServerResponse;
}

function invalid(pointer: string, message: string): Error {
  return platformError('invalid_request', `${pointer.slice(1)} ${message}`, { errors: [{ pointer, message }] });
}

@ApiTags('triggers')
@ApiBearerAuth()
@Controller('v1/triggers')
export class SamplesController {
  constructor(
    private readonly samples: SamplesQueries,
    private readonly watch: SampleWatch,
    private readonly triggers: KnownTriggers,
  ) {}

  /** The last 20 requests that were captured, newest first; with `id` and `wait`, the one that is still to come. */
  @Get(':id/capture')
  @Requires('automation.view')
  @ApiOkResponse({ type: SampleList })
  async list(
    @InApp() app: AppScope,
    @Param('id') id: string,
    @Query() query: SamplesQuery,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<SampleList> {
    const ms = query.wait === undefined ? 0 : waitMs(query.wait);
    if (ms === null) throw invalid('/wait', `must be a duration of at most ${MAX_WAIT_MS / 1000}s, such as 30s`);
    if (ms > 0 && query.id === undefined) throw invalid('/id', 'must say which capture to wait for');
    const list = (): Promise<SampleList> =>
      this.triggers.itemsOf(app, id, async (appId, of) => ({ items: await this.samples.list(appId, of, query.id) }));
    const waiter = ms > 0 && query.id !== undefined ? this.watch.open(query.id.toLowerCase(), ms) : null;
    try {
      const found = await list();
      if (!waiter || found.items.length > 0) return found;
      reply.raw.once('close', () => waiter.stop());
      await waiter.arrived;
      return await list();
    } finally {
      waiter?.stop();
    }
  }
}

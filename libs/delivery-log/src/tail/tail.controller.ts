import type { ServerResponse } from 'node:http';
import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiHeader, ApiOkResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { type AppScope, AskAgain, InApp, type Readmit, Requires } from '@sluice/access';
import { platformError } from '@sluice/platform';
import { LiveTail } from './live-tail.ts';
import { tailPositionOf } from './tail-position.ts';
import { TailPage, TailQuery } from './tail.requests.ts';

/** What is needed of Fastify's reply: to write what is not one answer. */
interface Reply {
  hijack(): unknown;
  request: { method: string };
  raw: ServerResponse;
}

@ApiTags('tail')
@ApiBearerAuth()
@ApiExtraModels(TailPage)
@Controller('v1/tail')
export class TailController {
  constructor(private readonly tail: LiveTail) {}

  /**
   * What happens in an app, while it happens. With `Accept: text/event-stream` as server-sent events `item`; `ready` at the
   * begin, `skipped` where more happened than is shown, `end` with a reason. Otherwise what happened since `after`, at
   * once. A stream is closed after 15 minutes at the latest, and within seconds when its token is revoked; whoever pauses
   * goes on later with `Last-Event-ID`.
   */
  @Get()
  @Requires('automation.view')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'the id of the last event that was received' })
  @ApiOkResponse({
    content: {
      'application/json': { schema: { $ref: getSchemaPath(TailPage) } },
      'text/event-stream': { schema: { type: 'string' } },
    },
    description: 'events as they happen',
  })
  async follow(
    @InApp() app: AppScope,
    @AskAgain() readmit: Readmit,
    @Query() query: TailQuery,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<TailPage | undefined> {
    const given = lastEventId || query.after;
    const after = given === undefined ? null : tailPositionOf(given);
    if (given !== undefined && after === null) {
      const message = 'must be an id that this API gave out';
      throw platformError('invalid_request', `after ${message}`, { errors: [{ pointer: '/after', message }] });
    }
    const isStream = accept?.includes('text/event-stream') && reply.request.method !== 'HEAD';
    if (!isStream) return this.tail.page(app.id, query, after);
    this.tail.follow({ appId: app.id, query, readmit }, after, () => {
      reply.hijack();
      return reply.raw;
    });
    return undefined;
  }
}

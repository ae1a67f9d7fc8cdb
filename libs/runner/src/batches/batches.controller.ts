import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { actorOf, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { AllowsDryRun, AppQuery, IdPageQuery, InjectSettings, type Settings } from '@sluice/platform';
import { runnerError } from '../runner.errors.ts';
import { BatchPage, BatchResource, batchResource } from './batch-resource.ts';
import { CancelRunsRequest, RetryRunsRequest } from './batch.requests.ts';
import { Batches, type BatchRow } from './batches.ts';

interface Reply {
  header(name: string, value: string): unknown;
}
const DEFAULT_LIMIT = 50;

/** Many runs at once: asked for, then followed by their progress. */
@ApiTags('runs')
@ApiBearerAuth()
@Controller('v1/runs')
export class BatchesController {
  constructor(
    private readonly batches: Batches,
    @InjectSettings() private readonly settings: Pick<Settings, 'publicUrl'>,
  ) {}

  /** Retries every run that the query finds, failed ones unless it says otherwise. A dry run counts them. */
  @Post('retry')
  @AllowsDryRun()
  @HttpCode(202)
  @Requires('automation.view', { role: 'operator' })
  @ApiAcceptedResponse({ type: BatchResource })
  async retry(
    @InApp() app: AppScope,
    @Caller() caller: Principal,
    @Body() { query, from, version }: RetryRunsRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<BatchResource> {
    const wish = { from, version };
    const row = await this.batches.create({ appId: app.id, kind: 'retry', query, wish, actor: actorOf(caller) });
    return this.asked(row, reply);
  }

  /** Cancels every run that the query finds, as `POST /v1/runs/{id}/cancel` does. A dry run counts them. */
  @Post('cancel')
  @AllowsDryRun()
  @HttpCode(202)
  @Requires('automation.view', { role: 'operator' })
  @ApiAcceptedResponse({ type: BatchResource })
  async cancel(
    @InApp() app: AppScope,
    @Caller() caller: Principal,
    @Body() { query }: CancelRunsRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<BatchResource> {
    const row = await this.batches.create({ appId: app.id, kind: 'cancel', query, wish: {}, actor: actorOf(caller) });
    return this.asked(row, reply);
  }

  /** What was asked for many runs of an app, newest first. */
  @Get('batches')
  @Requires('automation.view')
  @ApiOkResponse({ type: BatchPage })
  async list(@InApp() app: AppScope, @Query() query: IdPageQuery): Promise<BatchPage> {
    const limit = query.limit ?? DEFAULT_LIMIT;
    const rows = await this.batches.list(app.id, limit + 1, query.cursor ?? null);
    const items = rows.slice(0, limit).map(batchResource);
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  /** How far it has come. */
  @Get('batches/:id')
  @Requires('automation.view')
  @ApiOkResponse({ type: BatchResource })
  async get(@InApp() app: AppScope, @Param('id') id: string, @Query() _query: AppQuery): Promise<BatchResource> {
    return batchResource(await this.find(id, app));
  }

  /** Begins with no further run; what was done stays done. */
  @Post('batches/:id/cancel')
  @HttpCode(202)
  @Requires('automation.view', { role: 'operator' })
  @ApiAcceptedResponse({ type: BatchResource })
  async stop(@InApp() app: AppScope, @Param('id') id: string, @Query() _query: AppQuery): Promise<BatchResource> {
    await this.batches.stop((await this.find(id, app)).id as string);
    return batchResource(await this.find(id, app));
  }

  private asked(row: BatchRow, reply: Reply): BatchResource {
    if (row.id !== null) reply.header('location', `${this.settings.publicUrl}/v1/runs/batches/${row.id}`);
    return batchResource(row);
  }

  private async find(id: string, app: AppScope): Promise<BatchRow> {
    const row = isUuid(id) ? await this.batches.find(id.toLowerCase()) : null;
    if (!row || !app.sees(row.app_id)) throw runnerError('batch_not_found', `there is no batch ${id.slice(0, 100)}`);
    return row;
  }
}

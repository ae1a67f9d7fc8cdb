import { Controller, Get, Param, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { AppQuery } from '@sluice/platform';
import { runnerError } from '../runner.errors.ts';
import { RunFiles } from '../runs/run-files.ts';
import { RunsQueries } from './runs.query.ts';

interface Reply {
  header(name: string, value: string): unknown;
}

@ApiTags('runs')
@ApiBearerAuth()
@Controller('v1/runs')
export class RunFilesController {
  constructor(
    private readonly runs: RunsQueries,
    private readonly files: RunFiles,
  ) {}

  /**
   * A file that came with the run's request or that a step put out, by the `payloadId` that stands there. It is always a
   * download of bytes: what somebody sent is not opened by a browser as a page of ours.
   */
  @Get(':id/files/:payloadId')
  @Requires('automation.view')
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async get(
    @InApp() app: AppScope,
    @Param('id') id: string,
    @Param('payloadId') payloadId: string,
    @Query() _query: AppQuery,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<StreamableFile> {
    const found = isUuid(id) ? await this.runs.find(id.toLowerCase()) : null;
    if (!found || !app.sees(found.origin.appId))
      throw runnerError('run_not_found', `there is no run ${id.slice(0, 100)}`);
    const bytes = await this.files.bytesOf(found.run.id, payloadId);
    if (bytes === null) throw runnerError('file_not_found', 'the run has no such file, or it is no longer stored');
    reply.header('x-content-type-options', 'nosniff');
    reply.header('content-security-policy', "default-src 'none'; sandbox");
    reply.header('cache-control', 'private, no-store');
    const name = `attachment; filename="${payloadId.toLowerCase()}"`;
    return new StreamableFile(bytes, { type: 'application/octet-stream', disposition: name, length: bytes.length });
  }
}

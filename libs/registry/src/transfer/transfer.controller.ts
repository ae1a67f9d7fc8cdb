import { Body, Controller, Get, Headers, HttpCode, Post, Query, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConflictResponse,
  ApiConsumes,
  ApiOkResponse,
  ApiProduces,
  ApiProperty,
  ApiTags,
} from '@nestjs/swagger';
import { actorOf, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { AllowsDryRun, isDryRun, YAML_BODY } from '@sluice/platform';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { Reply } from '../requests/reply.ts';
import { AppExport } from './app-export.ts';
import { AppImport } from './app-import.ts';
import { AppDocumentView, ImportResult } from './transfer.responses.ts';
import { bodyOf, yamlOfJson } from './yaml-text.ts';

class ExportQuery {
  @ApiProperty({ required: false, description: 'the app by its id or name, instead of the header X-Sluice-App' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  appId?: string;
}

class ImportQuery extends ExportQuery {
  @ApiProperty({ required: false, enum: ['true', 'false'], default: 'false', description: 'delete what is not named' })
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  prune?: string;

  @ApiProperty({
    required: false,
    type: 'integer',
    minimum: 0,
    maximum: 2000,
    default: 20,
    description: 'with prune: more deletions than this are refused (409 prune_protected), and nothing changes',
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number' })
  @Min(0)
  @Max(2000)
  pruneLimit?: number;

  @ApiProperty({
    required: false,
    enum: ['refuse', 'generate'],
    default: 'refuse',
    description: 'what is done with a masked signing secret of something new: generate makes one and shows it once',
  })
  @IsOptional()
  @IsIn(['refuse', 'generate'], { message: 'must be "refuse" or "generate"' })
  masked?: string;

  /** Read by the interceptor of dry runs; named here so that it is not an unknown parameter. */
  @IsOptional()
  dryRun?: string;
}

const DEFAULT_PRUNE_LIMIT = 20;
const YAML = 'application/yaml';

/** An app as a document, out and in (RG-08): GitOps. */
@ApiTags('export and import')
@ApiBearerAuth()
@Controller('v1')
export class TransferController {
  constructor(
    private readonly exporting: AppExport,
    private readonly importing: AppImport,
  ) {}

  /** The app as YAML, or as JSON when `Accept` asks for it first. */
  @Get('export')
  @Requires('automation.view')
  @ApiProduces(YAML, 'application/json')
  @ApiConflictResponse({ description: 'ambiguous_name: two resources of a kind have one name' })
  @ApiOkResponse({ type: AppDocumentView })
  async export(
    @Query() _query: ExportQuery,
    @InApp() app: AppScope,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const document = await this.exporting.document(app.id);
    reply.header('cache-control', 'no-store');
    if (/^\s*application\/json\b/i.test(accept ?? '')) return document;
    reply.header('content-type', `${YAML}; charset=utf-8`);
    return yamlOfJson(JSON.stringify(document));
  }

  /** Makes the app what the document says. Done twice it changes nothing the second time. */
  @Post('import')
  @AllowsDryRun()
  @RouteConfig(YAML_BODY)
  @HttpCode(200)
  @Requires('admin')
  @ApiConsumes(YAML, 'application/json')
  @ApiBody({ type: AppDocumentView })
  @ApiConflictResponse({ description: 'prune_protected: more would be deleted than pruneLimit allows' })
  @ApiOkResponse({ type: ImportResult })
  async import(
    @Body() body: unknown,
    @Query() query: ImportQuery,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ImportResult> {
    const sent = await bodyOf(body);
    const request = {
      sent,
      app,
      actor: actorOf(caller),
      userId: caller.userId,
      dryRun: isDryRun(),
      prune: query.prune === 'true',
      pruneLimit: query.pruneLimit ?? DEFAULT_PRUNE_LIMIT,
      makesSecrets: query.masked === 'generate',
    };
    const { changes, propagating } = await this.importing.apply(request);
    reply.header('cache-control', 'no-store');
    return { dryRun: request.dryRun, changes, ...(propagating ? { propagating } : {}) };
  }
}

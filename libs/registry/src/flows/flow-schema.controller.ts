import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Public } from '@sluice/access';
import type { Reply } from '../requests/reply.ts';
import { flowJsonSchema } from './flow-json-schema.ts';

const SCHEMA = flowJsonSchema();

/** What editors complete flows from. It holds nothing of anybody, so it needs no credential. */
@ApiTags('flows')
@Controller('v1/flow-schema.json')
export class FlowSchemaController {
  @Get()
  @Public()
  @ApiOkResponse({
    description: 'the JSON Schema of flows, draft 2020-12',
    schema: { type: 'object', additionalProperties: true },
  })
  get(@Res({ passthrough: true }) reply: Reply): Record<string, unknown> {
    reply.header('cache-control', 'public, max-age=300');
    reply.header('access-control-allow-origin', '*');
    return SCHEMA;
  }
}

import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { OptionalBody } from '@sluice/platform';
import { EndpointTestAnswer } from './endpoint-test.responses.ts';
import { beyondPortal } from './endpoint-test.rules.ts';
import { EndpointTester, refuse } from './endpoint-tester.ts';

const BODY = {
  type: 'object',
  description: 'an endpoint as it would be saved, or {id} of a saved one with what is to be changed',
  properties: {
    id: { description: 'integer or uuid of a saved endpoint' },
    kind: { type: 'string', enum: ['event', 'inline'] },
    url: { type: 'string', format: 'uri' },
    hookType: { type: 'string' },
    eventType: { type: 'string', description: 'of the sample event; one that the endpoint subscribes to unless given' },
    payload: { description: 'in place of the sample' },
  },
} as const;

const { id: _id, ...OTHER_FIELDS } = BODY.properties;
const CHANGES = { ...BODY, description: 'what is to be changed of it', properties: OTHER_FIELDS } as const;

/** LU-03, LU-13. */
@ApiTags('endpoints')
@ApiBearerAuth()
@Controller('v1/endpoints')
export class EndpointTestsController {
  constructor(@Inject(EndpointTester) private readonly tester: EndpointTester) {}

  @Post('test')
  @HttpCode(200)
  @Requires('admin')
  @ApiBody({ schema: BODY as never })
  @ApiOkResponse({ type: EndpointTestAnswer })
  @ApiNotFoundResponse({ description: 'not_found' })
  @ApiServiceUnavailableResponse({ description: 'too_many_tests' })
  test(@Body() body: unknown, @Caller() caller: Principal, @InApp() app: AppScope): Promise<EndpointTestAnswer> {
    return this.tester.test(objectOf(body), app, caller.tokenId);
  }

  /** A saved endpoint, with what is to be changed. */
  @Post(':id/test')
  @HttpCode(200)
  @Requires('admin', { portal: 'manage' })
  @OptionalBody({ schema: CHANGES as never })
  @ApiOkResponse({ type: EndpointTestAnswer })
  @ApiNotFoundResponse({ description: 'not_found' })
  @ApiServiceUnavailableResponse({ description: 'too_many_tests' })
  async testSaved(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
  ): Promise<EndpointTestAnswer> {
    const sent = objectOf(body ?? {});
    if ('id' in sent) refuse([{ pointer: '/id', message: 'stands in the path' }]);
    const stored = await this.tester.stored(id, app);
    if (caller.portal) refuse(beyondPortal(sent, stored.events));
    return this.tester.test({ ...sent, id: stored.uuid }, app, caller.tokenId);
  }
}

function objectOf(body: unknown): Record<string, unknown> {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    refuse([{ pointer: '', message: 'must be a JSON object' }]);
  }
  return body as Record<string, unknown>;
}

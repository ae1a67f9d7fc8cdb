import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { platformError } from '@sluice/platform';
import { EndpointTestAnswer } from './endpoint-test.responses.ts';
import { EndpointTester } from './endpoint-tester.ts';

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

/** LU-03, LU-13. */
@ApiTags('endpoints')
@ApiBearerAuth()
@Controller('v1/endpoints/test')
export class EndpointTestsController {
  constructor(@Inject(EndpointTester) private readonly tester: EndpointTester) {}

  @Post()
  @HttpCode(200)
  @Requires('admin')
  @ApiBody({ schema: BODY as never })
  @ApiOkResponse({ type: EndpointTestAnswer })
  @ApiNotFoundResponse({ description: 'not_found' })
  @ApiServiceUnavailableResponse({ description: 'too_many_tests' })
  test(@Body() body: unknown, @InApp() app: AppScope): Promise<EndpointTestAnswer> {
    if (body === null || typeof body !== 'object' || Array.isArray(body)) {
      const errors = [{ pointer: '', message: 'must be a JSON object' }];
      throw platformError('invalid_request', 'the body must be a JSON object', { errors });
    }
    return this.tester.test(body as Record<string, unknown>, app);
  }
}

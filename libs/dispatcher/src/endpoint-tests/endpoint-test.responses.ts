import { ApiProperty } from '@nestjs/swagger';
import type { HookVerdict } from '@sluice/endpoints';
import type { TestStage } from './endpoint-test.rules.ts';

const HEADERS = { type: 'object', additionalProperties: { type: 'string' } } as const;

class TestRequest {
  @ApiProperty()
  method!: string;

  @ApiProperty()
  url!: string;

  @ApiProperty({ ...HEADERS, description: 'secrets masked' })
  headers!: Record<string, string>;

  @ApiProperty()
  body!: string;
}

class TestResponse {
  @ApiProperty()
  status!: number;

  @ApiProperty(HEADERS)
  headers!: Record<string, string>;

  @ApiProperty()
  body!: string;

  @ApiProperty()
  truncated!: boolean;
}

export class EndpointTestAnswer {
  @ApiProperty()
  ok!: boolean;

  @ApiProperty({ enum: ['success', 'negative', 'failed', 'transport_failure'] })
  verdict!: HookVerdict;

  @ApiProperty({ enum: ['dns', 'connect', 'tls', 'request', 'auth', 'format', 'ok'], description: 'what is at fault' })
  stage!: TestStage;

  @ApiProperty({ type: Number, nullable: true })
  status!: number | null;

  @ApiProperty()
  durationMs!: number;

  @ApiProperty({ type: TestRequest, nullable: true })
  request!: TestRequest | null;

  @ApiProperty({ type: TestResponse, nullable: true })
  response!: TestResponse | null;

  @ApiProperty({ description: 'where to look' })
  hint!: string;
}

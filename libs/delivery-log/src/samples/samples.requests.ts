import { ApiProperty } from '@nestjs/swagger';
import { AppQuery } from '@sluice/platform';
import { IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';

export class SamplesQuery extends AppQuery {
  @ApiProperty({ required: false, format: 'uuid', description: 'only the sample of this capture' })
  @IsOptional()
  @IsUUID('all', { message: 'must be the id of a capture' })
  id?: string;

  @ApiProperty({
    required: false,
    example: '30s',
    description: 'with `id`: wait so long for the sample; at most 60s',
  })
  @IsOptional()
  @IsString({ message: 'must be a duration such as 30s' })
  @MaxLength(20)
  wait?: string;
}

export class SampleProblem {
  @ApiProperty({ description: 'as in docs/errors.md' })
  code!: string;

  @ApiProperty()
  detail!: string;
}

/** A captured request: what came, and what a flow would have seen of it. */
export class SampleView {
  @ApiProperty({ format: 'uuid', description: 'the id of the capture' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  appId!: string;

  @ApiProperty({ format: 'uuid' })
  triggerId!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null: its listener was nobody’s' })
  flowId!: string | null;

  @ApiProperty({ format: 'date-time' })
  capturedAt!: string;

  @ApiProperty()
  method!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  query!: Record<string, string | string[]>;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'without the credential, Authorization and Cookie',
  })
  headers!: Record<string, string>;

  @ApiProperty({ type: String, nullable: true })
  contentType!: string | null;

  @ApiProperty()
  remoteAddress!: string;

  @ApiProperty()
  bodySize!: number;

  @ApiProperty({ description: 'lower-case hex' })
  bodySha256!: string;

  @ApiProperty({ type: String, nullable: true, description: 'the raw body, when it is UTF-8' })
  body!: string | null;

  @ApiProperty({ nullable: true, description: 'any JSON: what a flow sees of the body; files of it are not stored' })
  value!: unknown;

  @ApiProperty({ type: SampleProblem, nullable: true, description: 'why the body cannot be read' })
  problem!: SampleProblem | null;
}

export class SampleList {
  @ApiProperty({ type: [SampleView] })
  items!: SampleView[];
}

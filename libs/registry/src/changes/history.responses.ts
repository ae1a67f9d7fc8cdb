import { ApiProperty } from '@nestjs/swagger';

export class HistoryActor {
  @ApiProperty({ enum: ['user', 'token', 'system', 'trigger'] })
  type!: string;

  @ApiProperty()
  id!: string;

  @ApiProperty({ required: false, description: 'the name of the user, or the note of the token, as it is now' })
  name?: string;

  @ApiProperty({ required: false, description: 'the address that the request came from' })
  address?: string;

  @ApiProperty({ required: false, description: 'the personal access token that the user has used' })
  tokenId?: string;
}

export class HistoryChange {
  @ApiProperty({ description: 'the value as a JSON pointer (RFC 6901) within the resource' })
  pointer!: string;

  @ApiProperty({
    required: false,
    nullable: true,
    description: 'any JSON; absent when there was nothing; secrets are masked',
  })
  before?: unknown;

  @ApiProperty({
    required: false,
    nullable: true,
    description: 'any JSON; absent when there is nothing any more; secrets are masked',
  })
  after?: unknown;
}

/** One change of a resource. */
export class HistoryItem {
  @ApiProperty({ description: 'version of the resource after the change, as in its ETag' })
  version!: number;

  @ApiProperty()
  type!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ type: HistoryActor })
  actor!: HistoryActor;

  @ApiProperty({ description: 'the fields that differ from the version before' })
  changed!: string[];

  @ApiProperty({ type: [HistoryChange], description: 'value by value; the first 100' })
  changes!: HistoryChange[];

  @ApiProperty({ description: 'how many more values differ' })
  omitted!: number;
}

export class HistoryPage {
  @ApiProperty({ type: [HistoryItem] })
  items!: HistoryItem[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

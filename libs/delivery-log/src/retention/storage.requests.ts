import { ApiProperty } from '@nestjs/swagger';

export class StoredTable {
  @ApiProperty()
  name!: string;

  @ApiProperty({ type: 'integer', description: 'on disk, indexes and large values included' })
  bytes!: number;

  @ApiProperty({ type: 'integer' })
  partitions!: number;

  @ApiProperty({ type: String, format: 'date', nullable: true, description: 'of the oldest partition' })
  oldestDay!: string | null;
}

export class StoredApp {
  @ApiProperty({ format: 'uuid' })
  appId!: string;

  @ApiProperty({ type: 'integer', description: 'of the days that the app sees, as counted when they were written' })
  bytes!: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'its limit; null is none' })
  limitBytes!: number | null;

  @ApiProperty({ type: 'integer', description: 'days that are kept for it, beside today' })
  limitDays!: number;

  @ApiProperty({ type: String, format: 'date', nullable: true, description: 'the oldest day that it sees' })
  since!: string | null;
}

/** What the delivery log takes, and what it may take. */
export class Storage {
  @ApiProperty({ type: 'integer' })
  bytes!: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'limit of the whole; null is none' })
  limitBytes!: number | null;

  @ApiProperty({ type: 'integer', description: 'days that are kept, beside today, unless an app has its own' })
  limitDays!: number;

  @ApiProperty({ type: [StoredTable] })
  tables!: StoredTable[];

  @ApiProperty({ type: [StoredApp], description: 'the largest first, at most 1,000' })
  apps!: StoredApp[];
}

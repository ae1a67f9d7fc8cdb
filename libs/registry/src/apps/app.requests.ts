import { ApiProperty } from '@nestjs/swagger';
import { IsName } from '../requests/field.decorators.ts';

export class CreateApp {
  @IsName()
  name!: string;
}

export class AppView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ description: 'the app as the integer that compatibility routes use' })
  environmentId!: number;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}

export class AppPage {
  @ApiProperty({ type: [AppView] })
  items!: AppView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

import { ApiProperty } from '@nestjs/swagger';

/** Keys as their vendor's clients know them (LC-08). */
export class PersonalTokenView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: Number, nullable: true, description: 'days; null: without an end' })
  expiration!: number | null;

  @ApiProperty()
  note!: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'exact to half a minute' })
  last_used!: string | null;

  @ApiProperty({ type: [String] })
  scopes!: string[];
}

export class NewPersonalTokenView extends PersonalTokenView {
  @ApiProperty({ description: 'shown only here: keep it confidential' })
  token!: string;

  @ApiProperty({ required: false, description: 'true when not every replica had the change within two seconds' })
  propagating?: boolean;
}

export class PersonalTokenPage {
  @ApiProperty({ type: [PersonalTokenView] })
  items!: PersonalTokenView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

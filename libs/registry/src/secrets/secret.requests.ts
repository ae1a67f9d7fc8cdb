import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { MayBeAbsent } from '../requests/field.decorators.ts';

export class SaveSecret {
  @ApiProperty({ minLength: 1, maxLength: 16_384, description: 'sealed, and never shown again' })
  @IsString({ message: 'must be text' })
  @Length(1, 16_384, { message: 'must have 1 to 16384 characters' })
  value!: string;

  @ApiProperty({ required: false, description: 'the app by its id or name, instead of the header X-Sluice-App' })
  @MayBeAbsent()
  @IsString({ message: 'must be text' })
  appId?: string;
}

export class SecretView {
  @ApiProperty({ description: 'flows read it as secrets.<name>' })
  name!: string;

  @ApiProperty({ format: 'uuid' })
  appId!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class SecretPage {
  @ApiProperty({ type: [SecretView] })
  items!: SecretView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

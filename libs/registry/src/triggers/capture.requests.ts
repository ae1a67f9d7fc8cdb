import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength, ValidateIf } from 'class-validator';

export class ArmCapture {
  @ApiProperty({ required: false, default: 'PT5M', description: 'how long to listen: ISO 8601, PT1S to PT10M' })
  @ValidateIf((_object, value: unknown) => value !== undefined)
  @IsString({ message: 'must be a duration (ISO 8601)' })
  @MaxLength(30)
  duration?: string;
}

export class CaptureView {
  @ApiProperty({ format: 'uuid', description: 'what the sample will be called' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  triggerId!: string;

  @ApiProperty({ format: 'date-time' })
  until!: string;

  @ApiProperty({ required: false, description: 'some gateway has not heard of it yet' })
  propagating?: true;
}

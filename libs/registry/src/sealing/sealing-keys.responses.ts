import { ApiProperty } from '@nestjs/swagger';

export class SealingKey {
  @ApiProperty({ description: 'as it stands in SLUICE_ENCRYPTION_KEYS' })
  id!: string;

  @ApiProperty({ description: 'false: values need it, and this process does not have it' })
  isKnown!: boolean;

  @ApiProperty({ type: 'integer', description: 'sealed values that need it; at 0 it can be taken out' })
  values!: number;
}

export class SealingKeys {
  @ApiProperty({ description: 'the first key, which seals what is new' })
  sealingKeyId!: string;

  @ApiProperty({ type: [SealingKey] })
  keys!: SealingKey[];
}

export class Resealed extends SealingKeys {
  @ApiProperty({ type: 'integer', description: 'values that this request sealed again' })
  resealed!: number;

  @ApiProperty({ type: 'integer', description: 'values that other keys still seal; repeat until 0' })
  remaining!: number;

  @ApiProperty({ type: 'integer', description: 'of them, values that no key opens: put their key back' })
  unopenable!: number;
}

import { ApiProperty } from '@nestjs/swagger';
import type { FieldProblem, TriggerAuth } from '@sluice/contracts';
import { usesSecret } from '@sluice/contracts';
import { IsString } from 'class-validator';
import { MayBeAbsent } from '../requests/field.decorators.ts';
import { canMakeSecret, secretProblems } from './auth-secret.rules.ts';

export class AddTriggerSecret {
  @ApiProperty({
    required: false,
    minLength: 1,
    maxLength: 1000,
    description:
      'password or key as the auth of the trigger writes it; made here when it is left out, where that can be',
  })
  @MayBeAbsent()
  @IsString({ message: 'must be text' })
  secret?: string;
}

export class TriggerSecretView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}

export class NewTriggerSecret extends TriggerSecretView {
  @ApiProperty({ type: String, nullable: true, description: 'shown only here, and only when it was made here' })
  secret!: string | null;

  @ApiProperty({ required: false, description: 'true when not every replica had the change within two seconds' })
  propagating?: boolean;
}

/** What is wrong with a further secret of a trigger; that it has none at all is another answer. */
export function addedSecretProblems(auth: TriggerAuth, secret: unknown): FieldProblem[] {
  if (!usesSecret(auth)) return [];
  if (secret !== undefined) return typeof secret === 'string' ? secretProblems(auth, secret, '/secret') : [];
  if (canMakeSecret(auth)) return [];
  return [{ pointer: '/secret', message: 'is required: the sender makes it' }];
}

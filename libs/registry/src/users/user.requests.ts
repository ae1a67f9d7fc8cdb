import { ApiProperty } from '@nestjs/swagger';
import { ROLES } from '@sluice/access';
import type { Role } from '@sluice/contracts';
import { Allow, IsBoolean, IsString, Length } from 'class-validator';
import { IsName, MayBeAbsent } from '../requests/field.decorators.ts';
import { MAX_PASSWORD, MIN_PASSWORD } from './user.rules.ts';

export class RoleGrantView {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'the app by its id (or, when given, its name); null: all apps',
  })
  appId!: string | null;

  @ApiProperty({ enum: ROLES })
  role!: Role;
}

const Email = (): PropertyDecorator => (target, key) => {
  ApiProperty({ format: 'email', maxLength: 254 })(target, key);
  IsString({ message: 'must be text' })(target, key);
  Length(3, 254, { message: 'must have 3 to 254 characters' })(target, key);
};

/** Longer text is refused before it is hashed; what makes a good password is told by the rules. */
const Password =
  (description: string): PropertyDecorator =>
  (target, key) => {
    ApiProperty({ minLength: MIN_PASSWORD, maxLength: MAX_PASSWORD, description })(target, key);
    IsString({ message: 'must be text' })(target, key);
    Length(1, 1024, { message: 'must have 1 to 1024 characters' })(target, key);
  };

export class CreateUser {
  @Email()
  email!: string;

  @IsName()
  name!: string;

  @Password('kept as an argon2id hash')
  password!: string;

  @ApiProperty({ type: [RoleGrantView], minItems: 1 })
  @Allow()
  roles!: RoleGrantView[];
}

export class ChangeUser {
  @MayBeAbsent()
  @Email()
  email?: string;

  @MayBeAbsent()
  @IsName()
  name?: string;

  @MayBeAbsent()
  @Password('a new one signs the user out everywhere')
  password?: string;

  @ApiProperty({ type: [RoleGrantView], minItems: 1, required: false })
  @Allow()
  roles?: RoleGrantView[];

  @ApiProperty({ required: false, description: 'no credential of a disabled user works' })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  disabled?: boolean;
}

export class ChangeMe {
  @IsName()
  name!: string;
}

export class ChangePassword {
  @ApiProperty({ description: 'the present password' })
  @IsString({ message: 'must be text' })
  @Length(1, 1024, { message: 'must have 1 to 1024 characters' })
  currentPassword!: string;

  @Password('a new one ends all other sessions of the user')
  password!: string;
}

export class UserView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  number!: number;

  @ApiProperty({ format: 'email' })
  email!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: [RoleGrantView] })
  roles!: RoleGrantView[];

  @ApiProperty()
  disabled!: boolean;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  @ApiProperty({ required: false, description: 'true when not every replica had the change within two seconds' })
  propagating?: boolean;
}

export class UserPage {
  @ApiProperty({ type: [UserView] })
  items!: UserView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

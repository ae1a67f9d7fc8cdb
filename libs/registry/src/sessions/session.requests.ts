import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { UserView } from '../users/user.requests.ts';

export class SignIn {
  @ApiProperty({ format: 'email' })
  @IsString({ message: 'must be text' })
  @Length(1, 254, { message: 'must have 1 to 254 characters' })
  email!: string;

  @ApiProperty()
  @IsString({ message: 'must be text' })
  @Length(1, 1024, { message: 'must have 1 to 1024 characters' })
  password!: string;
}

/** Instead of address and password: who has a token, but no password at hand, as with the one printed at first start. */
export class SignInByToken {
  @ApiProperty({ description: "of scope admin and for all apps; a user's, or the one given by the operator" })
  @IsString({ message: 'must be text' })
  @Length(1, 1024, { message: 'must have 1 to 1024 characters' })
  token!: string;
}

export class SessionView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: UserView })
  user!: UserView;

  @ApiProperty({ format: 'date-time', description: 'the end, however much it is used' })
  expiresAt!: string;

  @ApiProperty({ format: 'date-time', description: 'the end unless it is used again' })
  idleExpiresAt!: string;
}

export class NewSessionView extends SessionView {
  @ApiProperty({ description: 'for programs, as Authorization: Bearer; a browser keeps the cookie' })
  token!: string;
}

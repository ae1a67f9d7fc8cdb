import { ApiProperty } from '@nestjs/swagger';
import { Allow, IsString } from 'class-validator';

export class CreateWebhook {
  @ApiProperty({ required: false, description: 'the name of a listener; "listener" is another word for this field' })
  action?: string;

  @ApiProperty({ required: false, description: 'in place of "action"; the answer then says "listener" too' })
  listener?: string;

  @ApiProperty({ required: false, nullable: true, description: 'any JSON; the listener gets it as it is' })
  props?: unknown;
}

export class WebhookView {
  @ApiProperty({ format: 'uuid' })
  uuid!: string;

  @ApiProperty({ required: false, description: 'or "listener", as it was created' })
  action?: string;

  @ApiProperty({ required: false })
  listener?: string;

  @ApiProperty({ nullable: true, description: 'any JSON' })
  props!: unknown;

  @ApiProperty({ type: 'integer' })
  environment_id!: number;

  @ApiProperty({ type: 'integer', nullable: true })
  user_id!: number | null;
}

export class BindListener {
  @ApiProperty({ description: 'the address that is called, http or https' })
  @IsString({ message: 'must be a URL' })
  url!: string;

  @ApiProperty({
    required: false,
    type: String,
    nullable: true,
    description: 'ISO 8601, at most PT5M; as SLUICE_LISTENER_TIMEOUT says unless given',
  })
  @Allow()
  timeout?: unknown;
}

export class ListenerView {
  @ApiProperty()
  name!: string;

  @ApiProperty({ type: String, nullable: true, description: 'null: the listener is a flow of its own' })
  url!: string | null;

  @ApiProperty({ type: String, nullable: true })
  timeout!: string | null;

  @ApiProperty({ format: 'uuid', description: 'the flow that the listener is' })
  flowId!: string;

  @ApiProperty({ enum: ['draft', 'active', 'paused'] })
  status!: string;

  @ApiProperty({ required: false, description: 'true when not every replica had the change within two seconds' })
  propagating?: boolean;
}

export class ListenerPage {
  @ApiProperty({ type: [ListenerView] })
  items!: ListenerView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export class CreateCron {
  @ApiProperty({ description: 'the name of a listener' })
  listener_name!: string;

  @ApiProperty({ description: 'five fields of cron, or @hourly, @daily, @weekly, @monthly, @yearly' })
  schedule!: string;

  @ApiProperty({ required: false, default: 'UTC', description: 'such as Europe/Berlin' })
  time_zone?: string;

  @ApiProperty({ required: false, nullable: true, description: 'any JSON, at most 64 KiB' })
  props?: unknown;
}

export class CronView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  listener_name!: string;

  @ApiProperty()
  schedule!: string;

  @ApiProperty()
  time_zone!: string;

  @ApiProperty({ nullable: true, description: 'any JSON' })
  props!: unknown;

  @ApiProperty({ type: 'integer' })
  environment_id!: number;
}

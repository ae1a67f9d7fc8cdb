import { ApiProperty } from '@nestjs/swagger';
import type { FlowDefinition, FlowState } from '@sluice/contracts';

/** A flow in a list: without its definition. */
export class FlowSummary {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ description: 'the flow as the integer of compatibility routes and events' })
  number!: number;

  @ApiProperty({ format: 'uuid' })
  appId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: String, nullable: true })
  listener!: string | null;

  @ApiProperty({ enum: ['draft', 'active', 'paused'] })
  status!: FlowState['status'];

  @ApiProperty({ description: 'the latest saved version' })
  version!: number;

  @ApiProperty({ type: Number, nullable: true })
  publishedVersion!: number | null;

  @ApiProperty({ type: String, required: false, nullable: true, description: 'what your own system calls it' })
  externalKey?: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

/** A flow with the definition of its latest saved version. */
export class FlowView extends FlowSummary {
  @ApiProperty({ type: 'array', items: { type: 'object' } })
  steps!: FlowDefinition['steps'];

  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: true })
  inputs?: FlowDefinition['inputs'];

  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: true })
  response?: FlowDefinition['response'];

  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: true })
  concurrency?: FlowDefinition['concurrency'];

  @ApiProperty({ required: false, type: 'integer', minimum: 0, maximum: 9 })
  priority?: number;

  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: true })
  onError?: FlowDefinition['onError'];

  @ApiProperty({ required: false })
  strict?: boolean;

  @ApiProperty({ required: false, type: 'array', items: { type: 'object', additionalProperties: true } })
  schedules?: FlowDefinition['schedules'];

  @ApiProperty({ required: false, description: 'true when not every replica had the change within two seconds' })
  propagating?: boolean;
}

export class FlowPage {
  @ApiProperty({ type: [FlowSummary] })
  items!: FlowSummary[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** A saved version; it never changes. */
export class FlowVersionSummary {
  @ApiProperty()
  version!: number;

  @ApiProperty({ description: 'this is the version that runs' })
  published!: boolean;

  @ApiProperty({ format: 'date-time' })
  savedAt!: string;

  @ApiProperty()
  savedBy!: string;
}

export class FlowVersionView extends FlowVersionSummary {
  @ApiProperty({ type: 'object', additionalProperties: true })
  definition!: FlowDefinition;
}

export class FlowVersionPage {
  @ApiProperty({ type: [FlowVersionSummary] })
  items!: FlowVersionSummary[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export class FieldDifferenceView {
  @ApiProperty()
  field!: string;

  @ApiProperty({ required: false, description: 'any JSON; absent: it was not there' })
  from?: unknown;

  @ApiProperty({ required: false, description: 'any JSON; absent: it is not there' })
  to?: unknown;
}

class StepMove {
  @ApiProperty({ type: [String], description: 'refs of the steps that it lay in, outermost first' })
  from!: string[];

  @ApiProperty({ type: [String] })
  to!: string[];
}

export class StepDifferenceView {
  @ApiProperty()
  ref!: string;

  @ApiProperty({ enum: ['added', 'removed', 'changed'] })
  change!: 'added' | 'removed' | 'changed';

  @ApiProperty()
  type!: string;

  @ApiProperty({ required: false, type: StepMove })
  moved?: StepMove;

  @ApiProperty({ type: [FieldDifferenceView], description: 'steps that lie in it stand here by their refs' })
  fields!: FieldDifferenceView[];
}

export class FlowComparison {
  @ApiProperty({ type: 'integer' })
  from!: number;

  @ApiProperty({ type: 'integer' })
  to!: number;

  @ApiProperty({ type: [FieldDifferenceView], description: 'of the flow itself, the order of its steps included' })
  settings!: FieldDifferenceView[];

  @ApiProperty({ type: [StepDifferenceView] })
  steps!: StepDifferenceView[];
}

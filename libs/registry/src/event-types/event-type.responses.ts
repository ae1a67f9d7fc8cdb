import { ApiProperty } from '@nestjs/swagger';
import type { BuiltInEventType, EventTypeState } from '@sluice/contracts';

const SCHEMA = { type: 'object', additionalProperties: true, nullable: true } as const;

export class EventTypeView {
  @ApiProperty({ example: 'order.placed' })
  name!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null: a built-in type, of every app' })
  appId!: string | null;

  @ApiProperty()
  description!: string;

  @ApiProperty({ type: 'integer', description: 'counts the schemas it has had' })
  version!: number;

  @ApiProperty({ ...SCHEMA, description: 'JSON Schema of the data; null: any data' })
  schema!: unknown;

  @ApiProperty({ description: 'events of this type with other data are refused' })
  validate!: boolean;

  @ApiProperty({ description: 'Sluice emits it itself: it cannot be changed' })
  builtIn!: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  createdAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  updatedAt!: string | null;

  @ApiProperty({ required: false, description: 'true when a dispatcher may not know the change yet' })
  propagating?: boolean;
}

export class EventTypePage {
  @ApiProperty({ type: [EventTypeView] })
  items!: EventTypeView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** A schema that the type has had; it never changes. */
export class EventTypeVersion {
  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty(SCHEMA)
  schema!: unknown;

  @ApiProperty({ format: 'date-time' })
  savedAt!: string;

  @ApiProperty({ description: 'who saved it, such as user/<id>' })
  savedBy!: string;
}

export class EventTypeVersionPage {
  @ApiProperty({ type: [EventTypeVersion] })
  items!: EventTypeVersion[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export class EventTypeExample {
  @ApiProperty({
    description: 'as a CloudEvent that POST /v1/events takes',
    type: 'object',
    additionalProperties: true,
  })
  event!: Record<string, unknown>;

  @ApiProperty({
    required: false,
    type: 'array',
    items: {
      type: 'object',
      required: ['pointer', 'message'],
      properties: { pointer: { type: 'string' }, message: { type: 'string' } },
    },
    description: 'where the data does not fit, because the schema asks for what cannot be made up; absent when it fits',
  })
  problems?: { pointer: string; message: string }[];
}

export function eventTypeViewOf(state: EventTypeState): EventTypeView {
  const { name, appId, description, version, schema, validate, createdAt, updatedAt } = state;
  return { name, appId, description, version, schema, validate, builtIn: false, createdAt, updatedAt };
}

export function builtInViewOf({ name, description, schema }: BuiltInEventType): EventTypeView {
  const always = { appId: null, version: 1, validate: false, builtIn: true, createdAt: null, updatedAt: null };
  return { name, description, schema, ...always };
}

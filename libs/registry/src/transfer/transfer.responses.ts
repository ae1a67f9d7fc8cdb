import { ApiProperty } from '@nestjs/swagger';
import { HistoryChange } from '../changes/history.responses.ts';
import { KINDS, type Kind } from './app-document.rules.ts';

export class ImportedResourceView {
  @ApiProperty({ enum: KINDS })
  kind!: Kind;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ['create', 'update', 'delete', 'unchanged'] })
  action!: 'create' | 'update' | 'delete' | 'unchanged';

  @ApiProperty({
    required: false,
    type: [HistoryChange],
    description: 'of an update: what differs, value by value; nothing: only something secret does',
  })
  changes?: HistoryChange[];

  @ApiProperty({ required: false, description: 'of a trigger that was created; shown only here' })
  token?: string;

  @ApiProperty({ required: false, description: 'a secret that was made here, because it was masked; shown only here' })
  secret?: string;
}

export class ImportResult {
  @ApiProperty({ description: 'true: nothing was changed, this is the plan' })
  dryRun!: boolean;

  @ApiProperty({ type: [ImportedResourceView] })
  changes!: ImportedResourceView[];

  @ApiProperty({ required: false, description: 'true when not every replica had all of it within two seconds' })
  propagating?: boolean;
}

const LIST = { type: 'array', items: { type: 'object', additionalProperties: true } } as const;

/** An app as a document; what may stand in the lists is what the resources' own routes take. */
export class AppDocumentView {
  @ApiProperty({ enum: [1], description: 'version of this format' })
  sluice!: 1;

  @ApiProperty({ ...LIST, required: false })
  eventTypes?: object[];

  @ApiProperty({ ...LIST, required: false })
  flows?: object[];

  @ApiProperty({ ...LIST, required: false, description: '`flow` names the flow that each starts' })
  triggers?: object[];

  @ApiProperty({ ...LIST, required: false, description: 'each {listener, cron, timeZone, props}' })
  crons?: object[];

  @ApiProperty({ ...LIST, required: false })
  endpoints?: object[];

  @ApiProperty({ type: [String], required: false, description: 'names only; values are never in a document' })
  secrets?: string[];
}

import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { IdPageQuery } from '@sluice/platform';
import { IsOptional, IsUUID } from 'class-validator';
import { Approvals } from './approvals.ts';
import { OpenApprovalsQuery } from './open-approvals.query.ts';

const DEFAULT_LIMIT = 50;
const TIME = { type: String, format: 'date-time' } as const;

class ApprovalsQuery extends IdPageQuery {
  @ApiProperty({ required: false, format: 'uuid' })
  @IsOptional()
  @IsUUID('all', { message: 'must be the id of a flow' })
  flowId?: string;
}

export class ApprovalResource {
  @ApiProperty({ format: 'uuid' })
  id!: string;
  @ApiProperty({ format: 'uuid' })
  runId!: string;
  @ApiProperty({ type: Number, nullable: true })
  runNumber!: number | null;
  @ApiProperty({ format: 'uuid' })
  flowId!: string;
  @ApiProperty({ description: 'names the step in its run: decide it at /v1/runs/{runId}/approvals/{key}' })
  key!: string;
  @ApiProperty({ type: String, nullable: true, description: 'what is to be decided' })
  message!: string | null;
  @ApiProperty({ type: [String], description: 'who may decide; empty: every operator' })
  to!: string[];
  @ApiProperty({ description: 'whether the caller is one who may decide' })
  mayDecide!: boolean;
  @ApiProperty(TIME)
  askedAt!: string;
  @ApiProperty({ ...TIME, description: 'when the time to decide is over' })
  until!: string;
}

class ApprovalPage {
  @ApiProperty({ type: [ApprovalResource] })
  items!: ApprovalResource[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

@ApiTags('runs')
@ApiBearerAuth()
@Controller('v1/approvals')
export class OpenApprovalsController {
  constructor(
    private readonly open: OpenApprovalsQuery,
    private readonly approvals: Approvals,
  ) {}

  /** What waits for a person's decision, those of the newest runs first. Decided ones are in their runs. */
  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: ApprovalPage })
  async list(
    @InApp() app: AppScope,
    @Caller() caller: Principal,
    @Query() { flowId, cursor, limit = DEFAULT_LIMIT }: ApprovalsQuery,
  ): Promise<ApprovalPage> {
    const found = await this.open.list(app.id, { flowId, before: cursor, limit: limit + 1 });
    const items = found.slice(0, limit).map((approval) => ({
      ...approval,
      to: [...approval.to],
      mayDecide: this.approvals.mayDecide(caller, app.id, approval.to),
    }));
    return { items, nextCursor: found.length > limit ? (items.at(-1)?.id ?? null) : null };
  }
}

import { Body, Controller, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiProperty, ApiTags } from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { AppQuery } from '@sluice/platform';
import { isUuid } from '@sluice/contracts';
import { IsIn, IsString, MaxLength, ValidateBy, ValidateIf } from 'class-validator';
import { RunResource, runResource } from '../api/run-resource.ts';
import { type FoundRun, RunsQueries } from '../api/runs.query.ts';
import { runnerError } from '../runner.errors.ts';
import { Approvals } from './approvals.ts';

const UNSTORABLE = /\0|\p{Cs}/u;
const IsStorable = (): PropertyDecorator =>
  ValidateBy({
    name: 'isStorable',
    validator: {
      validate: (value) => typeof value !== 'string' || !UNSTORABLE.test(value),
      defaultMessage: () => 'must not contain NUL or half a surrogate pair',
    },
  });

class DecideRequest {
  @ApiProperty({ enum: ['approve', 'reject'] })
  @IsIn(['approve', 'reject'], { message: 'must be "approve" or "reject"' })
  decision!: 'approve' | 'reject';

  @ApiProperty({ required: false, maxLength: 4_000, type: String, nullable: true })
  @ValidateIf((_object, value: unknown) => value !== undefined && value !== null)
  @IsString({ message: 'must be text' })
  @MaxLength(4_000, { message: 'must have at most 4000 characters' })
  @IsStorable()
  comment?: string | null;
}

@ApiTags('runs')
@ApiBearerAuth()
@Controller('v1/runs')
export class ApprovalsController {
  constructor(
    private readonly runs: RunsQueries,
    private readonly approvals: Approvals,
  ) {}

  /**
   * Decides an approval that a run waits for, named by the ref of its step (inside a loop by its path, as `each[3].ok`). Where
   * the step names approvers (`to`), the caller has to be one of them, or an administrator. The first decision counts.
   */
  @Post(':id/approvals/:ref')
  @HttpCode(202)
  @Requires('automation.view', { role: 'operator' })
  @ApiAcceptedResponse({ type: RunResource })
  async decide(
    @InApp() app: AppScope,
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Param('ref') ref: string,
    @Query() _query: AppQuery,
    @Body() { decision, comment }: DecideRequest,
  ): Promise<RunResource> {
    const found = await this.find(id, app);
    const text = comment?.trim() ?? '';
    const decided = { approved: decision === 'approve', comment: text === '' ? null : text };
    await this.approvals.decide(found, ref, decided, caller);
    const { run, origin, queued } = await this.find(id, app);
    return runResource(run, origin, queued);
  }

  private async find(id: string, app: AppScope): Promise<FoundRun> {
    const found = isUuid(id) ? await this.runs.find(id.toLowerCase()) : null;
    if (!found || !app.sees(found.origin.appId))
      throw runnerError('run_not_found', `there is no run ${id.slice(0, 100)}`);
    return found;
  }
}

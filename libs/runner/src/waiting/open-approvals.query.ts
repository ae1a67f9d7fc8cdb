import { Injectable } from '@nestjs/common';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { ApprovalAsked } from '../steps/approval/approval.step.ts';

/** An approval that waits for somebody. */
export interface OpenApproval extends ApprovalAsked {
  id: string;
  runId: string;
  /** Of the step in its run. */
  key: string;
  flowId: string;
  runNumber: number | null;
  askedAt: string;
  until: string;
}

interface Row {
  id: string;
  run_id: string;
  key: string;
  flow_id: string;
  number: string | null;
  asked: string;
  asked_at: Date;
  until: Date;
}

@Injectable()
export class OpenApprovalsQuery {
  constructor(@InjectPool('runner') private readonly pool: Pool) {}

  /** Those of the newest runs first. @param before the id of the last one of the page before. */
  async list(
    appId: string,
    {
      flowId = null,
      before = null,
      limit,
    }: { flowId?: string | null | undefined; before?: string | null | undefined; limit: number },
  ): Promise<OpenApproval[]> {
    const { rows } = await this.pool.query<Row>({
      name: 'runner_open_approvals',
      text: `select a.id, a.run_id, a.key, a.flow_id, r.number, a.asked, a.asked_at, a.until
        from runner.open_approvals a left join runner.runs r on r.app_id = a.app_id and r.id = a.run_id
        where a.app_id = $1 and ($2::uuid is null or a.flow_id = $2) and ($3::uuid is null or a.id < $3)
        order by a.id desc limit $4`,
      values: [appId, flowId, before, limit],
    });
    return rows.map((row) => ({
      ...(JSON.parse(row.asked) as ApprovalAsked),
      id: row.id,
      runId: row.run_id,
      key: row.key,
      flowId: row.flow_id,
      runNumber: row.number === null ? null : Number(row.number),
      askedAt: row.asked_at.toISOString(),
      until: row.until.toISOString(),
    }));
  }
}

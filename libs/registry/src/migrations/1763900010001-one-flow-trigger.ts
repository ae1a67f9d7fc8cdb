import type { MigrationInterface, QueryRunner } from 'typeorm';

/** LC-01: the address of profile `flow` names the flow, so a flow has at most one trigger of it. */
export class OneFlowTrigger1763900010001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create unique index trigger_of_profile_flow on registry.triggers (flow_id) where profile = 'flow' and not deleted`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index registry.trigger_of_profile_flow');
  }
}

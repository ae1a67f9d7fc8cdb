import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The replays to one endpoint, which portal links may list. */
export class ReplaysOfEndpoint1764000270000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create index replays_of_endpoint on dispatcher.replays ((query::json ->> 'endpointUuid'), id desc)`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index dispatcher.replays_of_endpoint');
  }
}

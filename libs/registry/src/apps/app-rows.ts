import type { AppCreated } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';

const INSERT: AlongsideStatement = {
  name: 'registry_app',
  columns: ['uuid', 'int4', 'text', 'text', 'int4'],
  sql: (arrays) => `insert into registry.apps (id, environment_id, name, state, stream_version)
    select * from unnest(${arrays.join(', ')})`,
};

export function appRow(app: AppCreated, streamVersion: number): Alongside {
  return { statement: INSERT, rows: [[app.id, app.environmentId, app.name, JSON.stringify(app), streamVersion]] };
}

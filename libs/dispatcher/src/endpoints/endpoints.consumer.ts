import { Controller, Logger } from '@nestjs/common';
import { type BusEvent, Consumes, type EventBatch } from '@sluice/bus';
import type { EndpointChanged, EventTypeChanged } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { ClientBase, Pool } from 'pg';
import { beginAnew } from '../health/endpoint-statuses.ts';
import { EndpointDirectory, ENDPOINTS_GROUP } from './endpoint-directory.ts';

const log = new Logger('dispatcher.endpoints');

/** The last state of each endpoint in a batch; null for one that was deleted. */
async function write(client: ClientBase, events: readonly BusEvent[]): Promise<void> {
  for (const event of events) {
    if (event.type.startsWith('EventType')) {
      await writeEventType(client, event);
      continue;
    }
    const { endpoint } = event.data as EndpointChanged;
    if (endpoint.enabled && (await wasDisabled(client, endpoint.uuid))) await beginAnew(client, endpoint.uuid);
    await client.query(
      `insert into dispatcher.endpoints (uuid, app_id, state, deleted) values ($1, $2, $3, $4)
       on conflict (uuid) do update set state = excluded.state, deleted = excluded.deleted, changed_xid = pg_current_xact_id()`,
      [endpoint.uuid, endpoint.appId, JSON.stringify(endpoint), event.type === 'EndpointDeleted'],
    );
  }
}

/**
 * Before an endpoint that was disabled is enabled: as when it is resumed, the clock of failing begins anew. Otherwise its first
 * failure would pause it for what was before somebody mended it.
 */
async function wasDisabled(client: ClientBase, uuid: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select 1 from dispatcher.endpoints where uuid = $1 and not (state::jsonb->>'enabled')::boolean`,
    [uuid],
  );
  return rowCount === 1;
}

/** The catalogue's types give tests their samples. */
async function writeEventType(client: ClientBase, event: BusEvent): Promise<void> {
  const { appId, name, schema } = (event.data as EventTypeChanged).eventType;
  if (event.type === 'EventTypeDeleted') {
    await client.query('delete from dispatcher.event_types where app_id = $1 and name = $2', [appId, name]);
    return;
  }
  await client.query(
    `insert into dispatcher.event_types (app_id, name, schema) values ($1, $2, $3)
     on conflict (app_id, name) do update set schema = excluded.schema`,
    [appId, name, schema === null ? null : JSON.stringify(schema)],
  );
}

/** Keeps the dispatcher's copy of endpoints in step with the registry. */
@Controller()
export class EndpointsConsumer {
  constructor(
    @InjectPool('dispatcher') private readonly pool: Pool,
    private readonly directory: EndpointDirectory,
  ) {}

  @Consumes('registry.events', {
    group: ENDPOINTS_GROUP,
    types: [
      'EndpointCreated',
      'EndpointUpdated',
      'EndpointSecretRotated',
      'EndpointDeleted',
      'EventTypeCreated',
      'EventTypeUpdated',
      'EventTypeDeleted',
    ],
  })
  async on(batch: EventBatch): Promise<void> {
    const client = await this.pool.connect();
    let failure: Error | undefined;
    try {
      await client.query('begin');
      await write(client, batch.events);
      await batch.checkpoint.saveWith(client);
      await client.query('commit');
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      client.release(failure);
    }
    this.directory.refresh().catch((error: unknown) => log.warn(`refresh failed: ${(error as Error).message}`));
  }
}

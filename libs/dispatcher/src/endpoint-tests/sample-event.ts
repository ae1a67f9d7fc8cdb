import { BUILT_IN_EVENT_TYPES, type DomainEventRecorded, newId } from '@sluice/contracts';
import { Injectable } from '@nestjs/common';
import { exampleOf } from '@sluice/event-schemas';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { sampleEntity } from './sample-entity.rules.ts';

/** What an endpoint that subscribes to everything is shown. */
const USUAL_TYPE = 'Flow.Executed';

/** Events that nobody caused, to try endpoints with. */
@Injectable()
export class SampleEvents {
  constructor(
    @InjectPool('dispatcher') private readonly pool: Pool,
    @InjectSettings() private readonly settings: Pick<Settings, 'publicUrl'>,
  ) {}

  /**
   * @param patterns what the endpoint subscribes to: the sample is of a type that one of them covers.
   * @param data in place of what is made from the schema of the type; undefined when nothing is given.
   */
  async of(
    appId: string,
    patterns: readonly string[],
    asked: string | null,
    data: unknown,
  ): Promise<DomainEventRecorded> {
    const type = asked ?? (await this.typeFor(appId, patterns));
    const eventId = newId();
    const given = data === undefined ? await this.dataOf(appId, type) : data;
    const { entityId, path } = sampleEntity(type, given) ?? { entityId: 'test', path: `/v1/events/${eventId}` };
    return {
      eventId,
      type,
      source: '/sluice/test',
      sourceId: eventId,
      subject: entityId,
      time: new Date().toISOString(),
      data: given,
      entityId,
      entityUrl: `${this.settings.publicUrl}${path}`,
      runId: null,
      requestId: null,
      deliveries: [],
    };
  }

  private async typeFor(appId: string, patterns: readonly string[]): Promise<string> {
    const exact = patterns.find((pattern) => pattern !== '*' && !pattern.endsWith('.*'));
    if (exact !== undefined) return exact;
    const prefix = patterns.find((pattern) => pattern !== '*')?.slice(0, -1);
    if (prefix === undefined) return USUAL_TYPE;
    const builtIn = BUILT_IN_EVENT_TYPES.find(({ name }) => name.startsWith(prefix));
    if (builtIn) return builtIn.name;
    const { rows } = await this.pool.query<{ name: string }>(
      'select name from dispatcher.event_types where app_id = $1 and starts_with(name, $2) order by name limit 1',
      [appId, prefix],
    );
    return rows[0]?.name ?? `${prefix}test`;
  }

  private async dataOf(appId: string, type: string): Promise<unknown> {
    const builtIn = BUILT_IN_EVENT_TYPES.find(({ name }) => name === type);
    if (builtIn) return exampleOf(builtIn.schema);
    const { rows } = await this.pool.query<{ schema: string | null }>(
      'select schema from dispatcher.event_types where app_id = $1 and name = $2',
      [appId, type],
    );
    const schema = rows[0]?.schema ?? null;
    return schema === null ? { test: true } : exampleOf(JSON.parse(schema));
  }
}

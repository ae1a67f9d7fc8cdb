import { Injectable } from '@nestjs/common';
import type { AppScope } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';

/** The registry's tables are not there yet: its service has not started for the first time, so there are no triggers. */
const UNDEFINED_TABLE = '42P01';

/** Tells an empty list of a trigger from a trigger that is not there. */
@Injectable()
export class KnownTriggers {
  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  /**
   * The items of a trigger as `list` finds them in the trigger's app. Read in the registry's view and not in a copy, so
   * that a trigger that was made this moment is not 404. One that was deleted shows what came to it while it was there.
   * @throws AppError 404 when there is no such trigger as far as the caller may see.
   */
  async itemsOf<T extends { items: readonly unknown[] }>(
    app: AppScope,
    id: string,
    list: (appId: string, triggerId: string) => Promise<T>,
  ): Promise<T> {
    if (!isUuid(id)) throw unknownTrigger();
    const appId = await this.appOf(id);
    if (appId !== null) {
      if (!app.sees(appId)) throw unknownTrigger();
      return list(appId, id);
    }
    const former = await list(app.id, id);
    if (former.items.length === 0) throw unknownTrigger();
    return former;
  }

  private async appOf(id: string): Promise<string | null> {
    try {
      const { rows } = await this.pool.query<{ app_id: string }>({
        name: 'delivery_log_app_of_trigger',
        text: 'select app_id from registry.routes where trigger_id = $1',
        values: [id],
      });
      return rows[0]?.app_id ?? null;
    } catch (error) {
      if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return null;
      throw error;
    }
  }
}

function unknownTrigger(): Error {
  return platformError('not_found', 'there is no such trigger');
}

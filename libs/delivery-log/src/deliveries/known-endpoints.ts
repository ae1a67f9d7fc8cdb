import { Injectable } from '@nestjs/common';
import type { AppScope } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import type { Page } from '../read-model/page.ts';

/** The registry's tables are not there yet: its service has not started for the first time, so there are no endpoints. */
const UNDEFINED_TABLE = '42P01';
const MAX_INT4 = 2_147_483_647;

/** Tells an endpoint that got nothing from one that is not there. */
@Injectable()
export class KnownEndpoints {
  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  /**
   * The deliveries of an endpoint (integer or uuid) as `list` finds them in the endpoint's app. Read in the registry's view and not in
   * a copy, so that an endpoint that was made this moment is not 404. One that was deleted shows what went to it while it was there.
   * @throws AppError 404 when there is no such endpoint as far as the caller may see.
   */
  async pageOf<T>(app: AppScope, id: string, list: (appId: string) => Promise<Page<T>>): Promise<Page<T>> {
    const appId = await this.appOf(id);
    if (appId !== null) {
      if (!app.sees(appId)) throw unknownEndpoint();
      return list(appId);
    }
    const former = await list(app.id);
    if (former.items.length === 0) throw unknownEndpoint();
    return former;
  }

  private async appOf(id: string): Promise<string | null> {
    const number = /^\d{1,10}$/.test(id) && Number(id) <= MAX_INT4 ? Number(id) : null;
    if (number === null && !isUuid(id)) throw unknownEndpoint();
    try {
      const { rows } = await this.pool.query<{ app_id: string }>({
        name: 'delivery_log_app_of_endpoint',
        text: 'select app_id from registry.endpoints where not deleted and (id = $1 or uuid = $2)',
        values: [number, number === null ? id : null],
      });
      return rows[0]?.app_id ?? null;
    } catch (error) {
      if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return null;
      throw error;
    }
  }
}

function unknownEndpoint(): Error {
  return platformError('not_found', 'there is no such endpoint');
}

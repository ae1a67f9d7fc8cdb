import type { EndpointState } from '@sluice/contracts';
import { type EndpointSecrets, openSecrets } from '@sluice/endpoints';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import { Injectable } from '@nestjs/common';
import { SealedValues } from '@sluice/sealed-values';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';

/** The copy follows the registry within milliseconds; an endpoint that was just saved is looked for again. */
const LOOK_AGAIN_MS = [0, 100, 500];

/** The inline endpoints of the runner's copy of the registry, and their secrets. */
@Injectable()
export class InlineEndpoints {
  private readonly sealed: SealedValues;

  constructor(
    @InjectPool('runner') private readonly pool: Pool,
    @InjectSettings() settings: Pick<Settings, 'encryptionKeys'>,
  ) {
    this.sealed = new SealedValues({ pool, keys: settings.encryptionKeys });
  }

  /**
   * By its name within the app (LU-04), its integer or its uuid.
   * @throws a transient error when the database is away.
   */
  async find(appId: string, name: string): Promise<EndpointState | null> {
    for (const ms of LOOK_AGAIN_MS) {
      if (ms > 0) await pause(ms, undefined, { ref: false });
      const { rows } = await this.pool.query<{ state: string }>({
        name: 'runner_inline_endpoint',
        text: `select state from runner.inline_endpoints where app_id = $1 and not deleted
          and (name = $2 or id::text = $2 or uuid::text = lower($2)) order by (name = $2) desc limit 1`,
        values: [appId, name],
      });
      if (rows[0]) return JSON.parse(rows[0].state) as EndpointState;
    }
    return null;
  }

  /** @throws UnsealError; a transient error when the database is away. */
  secretsOf(endpoint: EndpointState, now: string): Promise<EndpointSecrets> {
    return openSecrets(this.sealed, endpoint, now);
  }
}

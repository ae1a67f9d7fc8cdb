import { Injectable } from '@nestjs/common';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import { SealedValues, UnsealError } from '@sluice/sealed-values';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { StepError } from '../steps/step-type.ts';

interface SecretRow {
  name: string;
  id: string;
  version: number;
}

/** The copy follows the registry within milliseconds; a secret that was just saved or replaced is looked for again. */
const LOOK_AGAIN_MS = [50, 200, 750];

/** The secrets that a step names, opened when its request is sent. */
@Injectable()
export class RunSecrets {
  private readonly sealed: SealedValues;

  constructor(
    @InjectPool('runner') private readonly pool: Pool,
    @InjectSettings() settings: Pick<Settings, 'encryptionKeys'>,
  ) {
    this.sealed = new SealedValues({ pool, keys: settings.encryptionKeys });
  }

  /**
   * @throws StepError when a secret does not exist or cannot be opened: the step fails with a clear error.
   * @throws a transient error when the database is away.
   */
  async of(appId: string | null, names: readonly string[]): Promise<Record<string, string>> {
    if (names.length === 0) return {};
    for (const ms of LOOK_AGAIN_MS) {
      try {
        return await this.open(appId, names);
      } catch (error) {
        if (!(error instanceof StepError)) throw error;
        await pause(ms);
      }
    }
    return this.open(appId, names);
  }

  private async open(appId: string | null, names: readonly string[]): Promise<Record<string, string>> {
    const { rows } = await this.pool.query<SecretRow>({
      name: 'runner_secrets',
      text: `select name, sealed_id as id, sealed_version as version from runner.secrets
        where app_id = $1 and name = any($2::text[]) and not deleted`,
      values: [appId, names],
    });
    const missing = names.filter((name) => !rows.some((row) => row.name === name));
    if (missing.length > 0) throw new StepError('secret_not_found', `there is no secret ${missing.join(', ')}`);
    const opened = await Promise.all(rows.map(async (row) => [row.name, await this.unseal(row)] as const));
    return Object.fromEntries(opened);
  }

  private async unseal({ name, id, version }: SecretRow): Promise<string> {
    try {
      return await this.sealed.open({ id, version });
    } catch (error) {
      if (error instanceof UnsealError) throw new StepError('secret_unreadable', `secret ${name}: ${error.message}`);
      throw error;
    }
  }
}

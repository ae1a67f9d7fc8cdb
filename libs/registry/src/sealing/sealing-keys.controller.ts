import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Requires } from '@sluice/access';
import { SealedValues } from '@sluice/sealed-values';
import { Resealed, SealingKeys } from './sealing-keys.responses.ts';

/** About 20,000 a second here; a request stays well under its time limit on slower disks, too. */
const AT_ONCE = 2000;

/**
 * Rotation of the encryption keys (RG-06), for administrators of the whole deployment. The names of these paths cannot
 * be names of secrets, which have no hyphen, and only secrets are read with GET.
 */
@ApiTags('sealing keys')
@ApiBearerAuth()
@Controller('v1/secrets')
export class SealingKeysController {
  constructor(private readonly values: SealedValues) {}

  @Get('sealing-keys')
  @Requires('admin', { everywhere: true })
  @ApiOkResponse({ type: SealingKeys })
  keys(): Promise<SealingKeys> {
    return this.keysNow();
  }

  /** Seals again with the first key, a portion at a time; says what is left. */
  @Post('reseal')
  @HttpCode(200)
  @Requires('admin', { everywhere: true })
  @ApiOkResponse({ type: Resealed })
  async reseal(): Promise<Resealed> {
    const { resealed, unopenable } = await this.values.reseal(AT_ONCE);
    const now = await this.keysNow();
    const remaining = now.keys.filter((key) => key.id !== now.sealingKeyId).reduce((sum, key) => sum + key.values, 0);
    return { ...now, resealed, remaining, unopenable: unopenable.length };
  }

  private async keysNow(): Promise<SealingKeys> {
    const keys = await this.values.keyUse();
    return { sealingKeyId: keys[0]?.id ?? '', keys };
  }
}

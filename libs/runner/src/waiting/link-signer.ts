import { Injectable } from '@nestjs/common';
import { InjectSettings, type Settings } from '@sluice/platform';
import { LinkTokens } from '@sluice/sealed-values';
import type { SignLink } from './links.rules.ts';

/** Makes the links by which waiting steps are given their answers; the gateway takes what comes by them. */
@Injectable()
export class LinkSigner {
  private readonly tokens: LinkTokens;

  constructor(@InjectSettings() private readonly settings: Pick<Settings, 'encryptionKeys' | 'publicUrl'>) {
    this.tokens = new LinkTokens(settings.encryptionKeys);
  }

  readonly sign: SignLink = (link) => `${this.settings.publicUrl}/resume/${this.tokens.sign(link)}`;
}

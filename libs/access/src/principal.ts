/** Who makes a request, as its credential says. */
export interface Principal {
  /** `trigger`: the credential of one trigger; it reaches what that trigger started and nothing else. */
  kind: 'personal' | 'trigger';
  tokenId: string;
  /** The one app that the token belongs to, or null for a token of all apps. */
  appId: string | null;
  scopes: readonly string[];
  userId: string | null;
  triggerId?: string;
}

/** The app that a request is about. */
export interface AppScope {
  /** Where new things go and what lists show. */
  readonly id: string;
  /** The app that the caller's token belongs to or that the request names; null when it may see all. */
  readonly only: string | null;
  /** Whether a thing of that app exists as far as this caller is concerned; if not, the answer is 404. */
  sees(appId: string | null): boolean;
}

/** Every deployment has one app from its first start on; its id is the same everywhere. */
export const DEFAULT_APP_ID = '00000000-0000-7000-8000-00000000da00';
export const DEFAULT_APP_NAME = 'default';

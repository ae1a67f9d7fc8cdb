import { Inject, Injectable, Logger } from '@nestjs/common';
import { OutboundClient } from '@sluice/outbound-http';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { triggerCredentialError } from './trigger-credentials.errors.ts';

const log = new Logger('trigger-credentials.keys');

/** How long keys are used when their server says nothing, and the bounds of what it may say (`max-age`). */
const FRESH_MS = 600_000;
const MIN_FRESH_MS = 60_000;
const MAX_FRESH_MS = 86_400_000;
/** How old keys may be when their server cannot be reached: longer than an outage, shorter than a leaked key's life. */
const STALE_IF_ERROR_MS = 86_400_000;
/** A token with an unknown key id costs anybody nothing to make, so it makes us ask at most this often. */
const ASK_AGAIN_MS = 30_000;
/** The same while there are no keys at all, so that the first callers need not wait as long. */
const FIRST_ASK_AGAIN_MS = 2_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 262_144;
const MAX_KEYS = 100;
const MAX_SETS = 1_000;

interface KeySet {
  find: JWTVerifyGetKey | null;
  fetchedAtMs: number;
  freshMs: number;
  askedAtMs: number;
  asking: Promise<void> | null;
}

/**
 * Public keys from the addresses that triggers name (RFC 7517), fetched through the outbound guard and kept. A set is
 * renewed in the background once it is no longer fresh and before use once it is twice as old; its server's failure
 * does not matter for a day.
 */
@Injectable()
export class KeySets {
  readonly #sets = new Map<string, KeySet>();

  constructor(
    @Inject(OutboundClient) private readonly outbound: Pick<OutboundClient, 'send'>,
    private readonly clock: () => number,
  ) {}

  /** Finds the key of a token in the set behind `url`. @throws AppError 503 when there are no keys to look in. */
  resolver(url: string): JWTVerifyGetKey {
    return async (header, token) => {
      const set = await this.#current(url);
      try {
        return await findIn(set)(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        const before = set.fetchedAtMs;
        await this.#ask(url, set, ASK_AGAIN_MS);
        if (set.fetchedAtMs === before) throw error;
        return await findIn(set)(header, token);
      }
    };
  }

  async #current(url: string): Promise<KeySet> {
    const set = this.#setOf(url);
    const ageMs = this.clock() - set.fetchedAtMs;
    if (set.find !== null && ageMs <= set.freshMs) return set;
    const asking = this.#ask(url, set, set.find === null ? FIRST_ASK_AGAIN_MS : ASK_AGAIN_MS);
    if (set.find === null || ageMs > 2 * set.freshMs) await asking;
    if (set.find !== null && this.clock() - set.fetchedAtMs > Math.max(set.freshMs, STALE_IF_ERROR_MS)) set.find = null;
    return set;
  }

  #setOf(url: string): KeySet {
    const known = this.#sets.get(url);
    if (known !== undefined) return known;
    if (this.#sets.size >= MAX_SETS) this.#sets.delete(this.#sets.keys().next().value as string);
    const set: KeySet = { find: null, fetchedAtMs: -Infinity, freshMs: FRESH_MS, askedAtMs: -Infinity, asking: null };
    this.#sets.set(url, set);
    return set;
  }

  /** Asks the server unless somebody is asking or has just asked. Never rejects: a failure leaves the set as it was. */
  #ask(url: string, set: KeySet, againMs: number): Promise<void> {
    if (set.asking !== null) return set.asking;
    if (this.clock() - set.askedAtMs < againMs) return Promise.resolve();
    set.askedAtMs = this.clock();
    set.asking = this.#fetch(url, set)
      .catch((error: unknown) => log.log(`keys of ${url} could not be fetched: ${(error as Error).message}`))
      .finally(() => {
        set.asking = null;
      });
    return set.asking;
  }

  async #fetch(url: string, set: KeySet): Promise<void> {
    const headers = [['accept', 'application/jwk-set+json, application/json']] as const;
    const request = { method: 'GET', url, headers, body: null, timeoutMs: TIMEOUT_MS, maxBodyBytes: MAX_BYTES };
    const answer = await this.outbound.send(request);
    if (!answer.ok) throw new Error(answer.error.message);
    if (answer.status !== 200) throw new Error(`it answered ${answer.status}`);
    if (answer.truncated) throw new Error(`it answered more than ${MAX_BYTES} bytes`);
    const keys = JSON.parse(answer.body.toString()) as JSONWebKeySet;
    if (!Array.isArray(keys?.keys) || keys.keys.length > MAX_KEYS) {
      throw new Error(`it answered no key set of at most ${MAX_KEYS} keys`);
    }
    set.find = createLocalJWKSet(keys);
    set.fetchedAtMs = this.clock();
    set.freshMs = freshMsOf(answer.headers['cache-control']);
  }
}

function findIn(set: KeySet): JWTVerifyGetKey {
  if (set.find !== null) return set.find;
  throw triggerCredentialError('keys_unavailable', 'The keys of this trigger cannot be fetched now; try again.');
}

function freshMsOf(cacheControl: string | undefined): number {
  const maxAge = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl ?? '')?.[1];
  if (maxAge === undefined) return FRESH_MS;
  return Math.min(Math.max(Number(maxAge) * 1000, MIN_FRESH_MS), MAX_FRESH_MS);
}

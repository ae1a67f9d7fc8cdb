import { Injectable } from '@nestjs/common';
import { AlongsideConflictError, TransientError } from '@sluice/event-store';
import { InjectSettings, type Settings } from '@sluice/platform';
import { type Template, TemplateCache } from '@sluice/templates';
import type { Admission, AdmissionCheck, EarlyAnswer } from '../accept/admission.ts';
import { credentialHeadersOf } from '@sluice/trigger-credentials';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { gatewayError } from '../gateway.errors.ts';
import { eventHeaders } from '../inbound/event-headers.rules.ts';
import { FirstUseLookup } from './first-use-lookup.ts';
import { fingerprintOf, keyOfExpression, keyOfHeader, storedKey } from './idempotency-key.rules.ts';
import { type FirstUse, IdempotencyKeys } from './idempotency-keys.ts';
import { KnownKeys } from './known-keys.ts';

/** How long keys are looked up beforehand after one that memory had lost. */
const WARY_MS = 10_000;

/** Tells how the first request of a key went, null: not accepted. */
type Decide = (first: FirstUse | null) => void;

/** A request that brings a key. */
interface Keyed {
  admission: Admission;
  key: Buffer;
  /** The same as text, for the map. */
  name: string;
  fingerprint: Buffer;
}

/**
 * GW-05: a request with a key that was used in the last 24 hours is answered for the request that used it. The key is
 * the trigger's expression where it gives one, otherwise the header `Idempotency-Key`. The table decides, with a row
 * that is written with the event or refuses it, so it holds across replicas; memory only saves asking.
 */
@Injectable()
export class Idempotency implements AdmissionCheck {
  readonly #known = new KnownKeys(GATEWAY_LIMITS.maxIdempotencyKeysInMemory, GATEWAY_LIMITS.idempotencyWindowMs);
  readonly #expressions = new TemplateCache();
  readonly #lookup: FirstUseLookup;

  constructor(
    private readonly keys: IdempotencyKeys,
    @InjectSettings() private readonly settings: Settings,
  ) {
    this.#lookup = new FirstUseLookup((asked) => keys.findAll(asked), { forMs: WARY_MS, now: () => performance.now() });
  }

  check(admission: Admission): undefined | Promise<EarlyAnswer | undefined> {
    const header = admission.request.headers['idempotency-key'];
    const expression = admission.route.trigger.idempotency;
    if (header === undefined && expression === null) return;
    const keyed = this.#keyed(admission, header, expression);
    if (keyed === null) return;
    const known = this.#known.find(keyed.name, Date.now());
    if (known !== null) return this.#answerKnown(keyed, known);
    const decide = this.#known.begin(keyed.name);
    if (this.#lookup.isWorthwhile) return this.#lookThenGo(keyed, decide);
    this.#goFirst(keyed, decide);
  }

  #keyed(admission: Admission, header: string | string[] | undefined, expression: string | null): Keyed | null {
    const { route, request, body, mode } = admission;
    const ofExpression =
      expression === null ? null : keyOfExpression(this.#expression(expression), contextOf(admission));
    const key = ofExpression ?? keyOfHeader(header);
    if (key === null) return null;
    const source = ofExpression === null ? 'header' : 'expression';
    const stored = storedKey(route.trigger.triggerId, mode, source, key);
    const fingerprint = fingerprintOf(body, request.url as string, request.headers['content-type']);
    return { admission, key: stored, name: stored.toString('latin1'), fingerprint };
  }

  #expression(source: string): Template {
    return this.#expressions.get(source);
  }

  async #answerKnown(keyed: Keyed, known: FirstUse | Promise<void>): Promise<EarlyAnswer | undefined> {
    if (!(known instanceof Promise)) return this.#repeat(keyed, known);
    await known;
    const decided = this.#known.find(keyed.name, Date.now());
    if (decided !== null && !(decided instanceof Promise)) return this.#repeat(keyed, decided);
    // The first was not accepted, because the store is away perhaps. Who waited for it waits for nobody else: twenty
    // repeats one after another would take twenty times as long to be told so.
    this.#goFirst(keyed, this.#known.begin(keyed.name));
  }

  /** Keys that memory has lost come by at the moment: the table is asked before others' appends suffer for this one. */
  async #lookThenGo(keyed: Keyed, decide: Decide): Promise<EarlyAnswer | undefined> {
    let earlier: FirstUse | null = null;
    try {
      earlier = await this.#lookup.find(keyed.key);
    } catch (error) {
      decide(null);
      throw error;
    }
    if (earlier === null) {
      this.#goFirst(keyed, decide);
      return undefined;
    }
    this.#known.add(keyed.name, earlier);
    decide(null);
    return this.#repeat(keyed, earlier);
  }

  /** Nobody here has used the key: the row beside the event finds out whether another replica has. */
  #goFirst(keyed: Keyed, decide: Decide): void {
    const { admission, key, fingerprint } = keyed;
    const waits = admission.profile.waits(admission);
    const first = { runId: admission.id, fingerprint, waits };
    admission.alongside = [...admission.alongside, this.keys.remember(key, first)];
    admission.whenDecided = (stored) => decide(stored ? { ...first, acceptedAt: new Date() } : null);
    admission.recover = async (error) => {
      if (!(error instanceof AlongsideConflictError)) return null;
      this.#lookup.conflicted();
      const earlier = await this.keys.find(key);
      // Its 24 hours ended between the two statements: the next try is the first again.
      if (earlier === null) throw new TransientError('the idempotency key was let go of at this moment', error);
      this.#known.add(keyed.name, earlier);
      return this.#repeat(keyed, earlier);
    };
  }

  /** @throws AppError when it is no repeat of the first request, or when that one is still being answered. */
  async #repeat({ admission, fingerprint }: Keyed, first: FirstUse): Promise<EarlyAnswer> {
    if (!first.fingerprint.equals(fingerprint)) {
      throw gatewayError('idempotency_key_reused', 'This key came with another body in the last 24 hours.');
    }
    const { profile } = admission;
    admission.standFor(first.runId);
    if (!first.waits) return () => profile.accepted(admission, { id: first.runId, status: 'previously_accepted' });
    const answer = await this.keys.answerOf(first.runId);
    if (answer !== null) return () => profile.settled(admission, { kind: 'answered', answer });
    throw gatewayError('idempotency_key_in_use', 'Its run goes on; Location shows how it ends.', {
      headers: { location: `${this.settings.publicUrl}/v1/runs/${first.runId}`, 'retry-after': '1' },
    });
  }
}

function contextOf({ request, route, value, query }: Admission) {
  const headers = eventHeaders(request.headers, credentialHeadersOf(route.trigger.auth));
  return { body: value, query, headers, method: request.method as string };
}

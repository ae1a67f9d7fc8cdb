import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '@sluice/access';
import { newId, type TriggerAccepted } from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import type { BodyKind, FormFields } from '@sluice/request-body';
import type { ClientAddress } from '../inbound/client-address.ts';
import type { Route } from '../routing/route.ts';
import type { RunMode } from './admission.rules.ts';
import type { TriggerProfile } from './trigger-profile.ts';

/** Answers a request that starts no run although nothing is wrong with it: a handshake, a repeat, a captured sample. */
export type EarlyAnswer = (response: ServerResponse) => void;

/** What a check says: nothing (go on), or how the request is answered instead. It refuses by throwing an AppError. */
export type Verdict = EarlyAnswer | undefined | void;

/**
 * One step on the way in. It is asked once per request of every trigger, so it answers without a promise wherever it
 * can; the order of all of them stands in `admission-order.ts`.
 */
export interface AdmissionCheck {
  check(admission: Admission): Verdict | Promise<Verdict>;
}

const NOTHING: readonly Alongside[] = [];
const NO_BODY = Buffer.alloc(0);

/** A request for a known trigger on its way in: what the checks read, and what they find out for those after them. */
export class Admission {
  readonly profile: TriggerProfile;
  readonly route: Route;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The raw bytes; signatures are over these. Empty once they are let go of. */
  body: Buffer;
  readonly query: FormFields;
  mode: RunMode = 'live';
  /** Who called, where the credential is a person's and not the trigger's own. */
  principal: Principal | null = null;
  bodyKind: BodyKind = 'empty';
  /** The body as it was read; undefined before that. */
  value: unknown = undefined;
  /** Rows that are written with the event or not at all. */
  alongside: readonly Alongside[] = NOTHING;
  /** What the event says besides, such as the key that orders it. */
  more: Partial<TriggerAccepted> | null = null;
  /** Asked when the append failed: a conflict of its own `alongside` may be an answer. Null or undefined: it failed. */
  recover: ((error: unknown) => Promise<EarlyAnswer | null>) | null = null;
  /** Told once whether the request was stored: as soon as it is, otherwise when it was answered without. */
  whenDecided: ((stored: boolean) => void) | null = null;
  /** When it was accepted, in RFC 3339; set by the append. */
  receivedAt = '';
  readonly #clients: ClientAddress;
  #address: string | null = null;
  #id: string | null = null;

  constructor(
    profile: TriggerProfile,
    route: Route,
    exchange: { request: IncomingMessage; response: ServerResponse; clients: ClientAddress },
    body: Buffer,
    query: FormFields,
  ) {
    this.profile = profile;
    this.route = route;
    this.request = exchange.request;
    this.response = exchange.response;
    this.#clients = exchange.clients;
    this.body = body;
    this.query = query;
  }

  /**
   * The request's id and that of the run it starts, made when it is first asked for: after every check that has to wait
   * for somebody, so that within a process ids are in the order of acceptance.
   */
  get id(): string {
    this.#id ??= newId();
    return this.#id;
  }

  /** The request repeats an earlier one and is answered for the run of that one (GW-05). */
  standFor(runId: string): void {
    this.#id = runId;
  }

  /** Forgets the body once it is stored: its caller may wait for an hour. @returns its bytes, for the budget. */
  letGoOfBody(): number {
    const { length } = this.body;
    this.body = NO_BODY;
    this.value = undefined;
    return length;
  }

  decide(stored: boolean): void {
    const tell = this.whenDecided;
    this.whenDecided = null;
    tell?.(stored);
  }

  /** Who called, as far as trusted proxies say. */
  get address(): string {
    const { socket, headers } = this.request;
    this.#address ??= this.#clients.of(socket.remoteAddress, headers['x-forwarded-for']);
    return this.#address;
  }
}

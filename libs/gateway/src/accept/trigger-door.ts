import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AppError } from '@sluice/contracts';
import { inTrace, startWork, type TracedWork } from '@sluice/observability';
import { InjectSettings, metrics, type Settings } from '@sluice/platform';
import { type BodyLimits, type FormFields, parseForm } from '@sluice/request-body';
import { AnswerWaiters } from '../answers/answer-waiters.ts';
import { gatewayError } from '../gateway.errors.ts';
import { BodyBudget } from '../inbound/body-budget.ts';
import { readBodyBytes } from '../inbound/body-stream.ts';
import { ClientAddress } from '../inbound/client-address.ts';
import { RefusalPace } from '../inbound/refusal-pace.ts';
import { Refusals } from '../inbound/refusals.ts';
import { Rejections } from '../rejections/rejections.ts';
import type { Route } from '../routing/route.ts';
import { Admission, type EarlyAnswer } from './admission.ts';
import { AdmissionOrder } from './admission-order.ts';
import { traceparentOf } from './trace-context.rules.ts';
import { type RequestTrace, TriggerAcceptor } from './trigger-acceptor.ts';
import type { TriggerProfile } from './trigger-profile.ts';

const NO_QUERY: FormFields = {};

/** Where a profile looks for the trigger that a request names; a promise only when the registry has to be asked. */
export type FindRoute = () => Route | null | Promise<Route | null>;

/** What a request has to pass, and what happens once it has. */
interface Passage {
  check(admission: Admission): EarlyAnswer | null | Promise<EarlyAnswer | null>;
  pass(admission: Admission, trace: RequestTrace): Promise<void>;
}

/** What is left of a request once it was refused: its body is not. */
interface RefusedRequest {
  profile: TriggerProfile;
  /** The route in whose name it is recorded, if any. */
  recordAs: Route | null;
  request: IncomingMessage;
  response: ServerResponse;
  /** Bytes of the body that were read. */
  held: number;
  work: TracedWork;
}

/** The way of every request that starts a run, from its first byte to its answer, whatever the profile (GW-03). */
@Injectable()
export class TriggerDoor {
  readonly #unknown = metrics.counter(
    'sluice_gateway_unknown_triggers_total',
    'Requests for triggers that do not exist',
  );
  readonly #maxBodyBytes: number;
  readonly #limits: BodyLimits;
  readonly #starting: Passage = {
    check: (admission) => this.order.check(admission),
    pass: (admission, trace) =>
      admission.profile.waits(admission) ? this.#acceptAndWait(admission, trace) : this.#accept(admission, trace),
  };

  constructor(
    private readonly order: AdmissionOrder,
    private readonly acceptor: TriggerAcceptor,
    private readonly waiters: AnswerWaiters,
    private readonly refusals: Refusals,
    private readonly budget: BodyBudget,
    private readonly clients: ClientAddress,
    private readonly rejections: Rejections,
    private readonly pace: RefusalPace,
    @InjectSettings() settings: Settings,
  ) {
    this.#maxBodyBytes = settings.requestLimits.maxBodyBytes;
    this.#limits = settings.requestLimits.body;
  }

  /** Starts a run. Never rejects: whatever happens, the request is answered in the words of its profile. */
  handle(profile: TriggerProfile, find: FindRoute, request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.#through(this.#starting, profile, find, request, response);
  }

  /**
   * Serves a caller that may start the trigger but wants something else of it, such as a run that it started: `serve`
   * answers. Whether the trigger takes requests now does not matter.
   */
  visit(
    profile: TriggerProfile,
    find: FindRoute,
    request: IncomingMessage,
    response: ServerResponse,
    serve: (admission: Admission) => Promise<void>,
  ): Promise<void> {
    const visiting: Passage = { check: (admission) => this.order.checkCaller(admission), pass: serve };
    return this.#through(visiting, profile, find, request, response);
  }

  async #through(
    passage: Passage,
    profile: TriggerProfile,
    find: FindRoute,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const parent = traceparentOf(request.headers.traceparent);
    const work = startWork('trigger', { parent, kind: 'server' });
    let held = 0;
    let route: Route | null = null;
    let admission: Admission | null = null;
    try {
      // Before the body: for a trigger that does not exist nothing is received.
      const found = find();
      route = this.#requireRoute(profile, found instanceof Promise ? await found : found);
      let body: Buffer | null = await readBodyBytes(request, this.#maxBodyBytes, this.budget, () =>
        this.clients.ofRequest(request),
      );
      held = body.length;
      const query = queryOf(request.url as string, this.#limits);
      const exchange = { request, response, clients: this.clients };
      admission = new Admission(profile, route, exchange, body, query);
      // From here on it is the admission's to let go of.
      body = null;
      const checking = passage.check(admission);
      const early = checking instanceof Promise ? await checking : checking;
      if (early === null) await passage.pass(admission, work);
      else early(response);
      work.end();
    } catch (error) {
      // What is asked of runs that exist is no request of the trigger.
      const recordAs = passage === this.#starting ? route : null;
      const turn = error instanceof AppError ? this.pace.turn(error.code, request.socket) : null;
      const refused = { profile, recordAs, request, response, held, work };
      // Who waits in line is not waited for here, so that its body is let go of.
      if (turn === null) this.#refuse(error, refused);
      else void turn.then(() => this.#refuse(error, refused));
    } finally {
      admission?.decide(false);
      this.budget.give(admission === null ? held : admission.letGoOfBody());
    }
  }

  #refuse(error: unknown, { profile, recordAs, request, response, held, work }: RefusedRequest): void {
    const shown = inTrace(work.traceparent, () => this.refusals.answer(request, response, error, profile));
    if (shown !== null) this.rejections.record(recordAs, { request, response, held }, shown);
    work.end(error);
  }

  #requireRoute(profile: TriggerProfile, route: Route | null): Route {
    if (route !== null && route.trigger.profile === profile.name) return route;
    this.#unknown.inc();
    throw gatewayError('unknown_trigger', 'There is no trigger at this address.');
  }

  async #accept(admission: Admission, trace: RequestTrace): Promise<void> {
    try {
      await this.acceptor.accept(admission, false, trace);
    } catch (error) {
      (await recovered(admission, error))(admission.response);
      return;
    }
    admission.profile.accepted(admission, { id: admission.id, status: 'accepted' });
  }

  /** The waiter is registered before the append, because the answer can be here before the append has returned. */
  async #acceptAndWait(admission: Admission, trace: RequestTrace): Promise<void> {
    const { id, profile, response } = admission;
    const waiter = this.waiters.register(id, profile.answerTimeoutMs);
    const gone = (): void => waiter.cancel();
    response.once('close', gone);
    try {
      await this.acceptor.accept(admission, true, trace);
    } catch (error) {
      waiter.cancel();
      (await recovered(admission, error))(response);
      return;
    }
    this.budget.give(admission.letGoOfBody());
    const outcome = await waiter.outcome;
    response.off('close', gone);
    if (outcome.kind === 'cancelled') response.destroy();
    else profile.settled(admission, outcome);
  }
}

/** @throws the error itself, unless the checks know an answer to it. */
async function recovered(admission: Admission, error: unknown): Promise<EarlyAnswer> {
  const answer = await admission.recover?.(error);
  if (answer === null || answer === undefined) throw error;
  return answer;
}

function queryOf(url: string, limits: BodyLimits): FormFields {
  const question = url.indexOf('?');
  return question === -1 ? NO_QUERY : parseForm(url.slice(question + 1), limits);
}

import { BODY_RULES, type BodyLimits, bodyKindOf, BodyProblem, readBody } from '@sluice/request-body';
import type { Admission, AdmissionCheck } from './admission.ts';
import { gatewayError } from '../gateway.errors.ts';
import { hopsOf } from './hops.rules.ts';
import { methodProblem, stateProblem } from './admission.rules.ts';

/** GW-01: the methods that the trigger names. */
export const METHOD_CHECK: AdmissionCheck = {
  check({ route, request }: Admission): void {
    const problem = methodProblem(route, request.method as string);
    if (problem) throw problem;
  },
};

/** Products that know no drafts: what was saved runs. */
const KNOW_NO_DRAFTS: ReadonlySet<string> = new Set(['run', 'listener']);

/**
 * GW-01: a mistyped draft must not run live. What is handed on without a flow has no modes: its query is its receiver's.
 */
function refuseUnknownMode({ profile, route, query }: Admission): void {
  const { mode } = query;
  if (mode === undefined || mode === 'live' || mode === 'draft') return;
  if (!profile.takesDrafts || route.trigger.forwardTo !== null) return;
  throw gatewayError('unknown_mode', '?mode is "live" (unless given) or "draft", and stands there once.');
}

/** Whether trigger and flow take requests now. */
export const STATE_CHECK: AdmissionCheck = {
  check(admission: Admission): void {
    const { route } = admission;
    refuseUnknownMode(admission);
    const isUnpublished = route.flow.status === 'draft' && route.flow.publishedVersion === null;
    if (isUnpublished && KNOW_NO_DRAFTS.has(route.trigger.profile)) admission.mode = 'draft';
    const problem = stateProblem(route, admission.mode);
    if (problem) throw problem;
  },
};

/** DL-11. */
export const LOOP_CHECK: AdmissionCheck = {
  check({ request }: Admission): void {
    hopsOf(request.headers);
  },
};

/** GW-11: what is handed on may be anything; keys of order and idempotency read it where it is JSON. */
function jsonOf(body: Buffer, limits: BodyLimits): unknown {
  if (body.length === 0) return null;
  try {
    return readBody('json', body, undefined, limits);
  } catch (error) {
    if (error instanceof BodyProblem) return null;
    throw error;
  }
}

/** Reads the body once, for whoever comes after; nothing is read for a caller that may not start the trigger. */
export class BodyCheck implements AdmissionCheck {
  readonly #limits: BodyLimits;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  check(admission: Admission): void {
    const { request, body, profile, route } = admission;
    if (route.trigger.forwardTo !== null) {
      admission.value = jsonOf(body, this.#limits);
      return;
    }
    const contentType = request.headers['content-type'];
    const kind = bodyKindOf(contentType, body, profile.name);
    admission.bodyKind = kind;
    // What only few bodies need is not gathered for all of them.
    const isPlain = kind !== 'multipart' && !BODY_RULES[profile.name].wraps;
    admission.value = readBody(
      kind,
      body,
      isPlain ? undefined : { profile: profile.name, contentType: contentType ?? null },
      this.#limits,
    );
    profile.checkBody?.(admission);
  }
}

import { responseContentOf, responseStatusOf } from '@sluice/contracts';
import { mergeQuery } from '@sluice/request-body';
import { TemplateCache, TemplateError } from '@sluice/templates';
import type { Admission } from '../../accept/admission.ts';
import { credentialHeadersOf } from '@sluice/trigger-credentials';
import { gatewayError } from '../../gateway.errors.ts';
import { eventHeaders } from '../../inbound/event-headers.rules.ts';
import type { AsyncAnswer } from '../../routing/route.ts';

/** About a millisecond: everybody else's requests wait for it. A sync response is rendered by the runner and may do more. */
const EVALUATION = { steps: 20_000, maxOutput: 65_536 };

export interface RenderedAnswer {
  status: number;
  contentType: string;
  body: string;
  /** The flow says a status and nothing else. */
  isDefault: boolean;
}

/** Renders what async flows answer at once, from nothing but the request (LC-12). */
export class AsyncAnswers {
  readonly #templates = new TemplateCache();

  /** @throws AppError `response_failed`, before anything is stored: what is refused starts nothing. */
  render(answer: AsyncAnswer, admission: Admission): RenderedAnswer {
    try {
      const context = contextOf(answer, admission);
      const status = answer.status === null ? 200 : this.#render(answer.status, answer, context);
      const code = responseStatusOf(status);
      if (code === null) throw invalidStatus(status);
      const body = answer.body === null ? null : this.#render(answer.body, answer, context);
      return { status: code, ...responseContentOf(body), isDefault: answer.body === null };
    } catch (error) {
      // A TypeError: what the template gave is no JSON.
      if (!(error instanceof TemplateError || error instanceof TypeError)) throw error;
      throw gatewayError('response_failed', `The flow's response cannot be made: ${error.message}`, { cause: error });
    }
  }

  /** The templates of a body share what one may cost. */
  #render(source: unknown, { strict }: AsyncAnswer, context: Readonly<Record<string, unknown>>): unknown {
    const share = Math.max(1, templatesIn(source));
    const steps = Math.ceil(EVALUATION.steps / share);
    const maxOutput = Math.ceil(EVALUATION.maxOutput / share);
    const options = { steps, maxOutput, strict, now: new Date() };
    const rendered = (value: unknown): unknown => {
      if (typeof value === 'string') return this.#templates.get(value).evaluate(context, options);
      if (value === null || typeof value !== 'object') return value;
      if (Array.isArray(value)) return value.map(rendered);
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rendered(each)]));
    };
    return rendered(source);
  }
}

function templatesIn(value: unknown): number {
  if (typeof value === 'string') return value.includes('{') ? 1 : 0;
  if (value === null || typeof value !== 'object') return 0;
  return Object.values(value).reduce((sum: number, each) => sum + templatesIn(each), 0);
}

function invalidStatus(status: unknown): Error {
  const shown = JSON.stringify(status ?? null).slice(0, 100);
  return gatewayError('response_failed', `The response's status is not a number from 200 to 599: ${shown}`);
}

/** The names that the registry lets an async response read. */
function contextOf({ ref }: AsyncAnswer, { request, route, value, query }: Admission) {
  const headers = eventHeaders(request.headers, credentialHeadersOf(route.trigger.auth));
  const { props } = route.trigger;
  const receivedAt = new Date().toISOString();
  const trigger = { headers, query, body: value, method: request.method, receivedAt, props, event: value };
  return { trigger, ...(ref === null ? {} : { [ref]: mergeQuery(value, query).value }) };
}

import { Injectable } from '@nestjs/common';
import { type FieldProblem, isUuid, type TriggerState } from '@sluice/contracts';
import { isSluiceHeader } from '@sluice/endpoints';
import { headerProblem } from '@sluice/outbound-http';
import { InjectSettings, type Settings } from '@sluice/platform';
import { EndpointQueries } from '../endpoints/endpoints.query.ts';
import { invalidRequest, isJsonObject } from '../requests/validated.ts';

type ForwardTo = NonNullable<TriggerState['forwardTo']>;

const MAX_ENDPOINTS = 20;
const MAX_HEADERS = 50;
/** Credentials are in no event (DESIGN.md §2), so they cannot be handed on; content-type always is. */
const NEVER = new Set(['authorization', 'cookie', 'content-type', 'content-encoding', 'traceparent']);

/** What is wrong with `forwardTo` as it was sent; `forwards` says whether the trigger does it already, null for a new one. */
function forwardProblems(
  sent: { profile?: unknown; flowId?: unknown; listener?: unknown; forwardTo?: unknown },
  forwards: boolean | null,
  etlPrefix: string,
): FieldProblem[] {
  const { forwardTo } = sent;
  const pointer = '/forwardTo';
  if (forwardTo === undefined || (forwardTo === null && forwards !== true)) return [];
  if (forwardTo === null) return [{ pointer, message: 'the trigger forwards: name endpoints, or delete it' }];
  if (forwards === false) return [{ pointer, message: 'the trigger starts a flow: create another one that forwards' }];
  if (forwards === null && sent.profile !== undefined && sent.profile !== 'native') {
    return [{ pointer, message: 'goes with profile "native" only' }];
  }
  if (sent.flowId !== undefined || sent.listener !== undefined) {
    return [{ pointer, message: 'takes the place of flowId: send one' }];
  }
  if (!isJsonObject(forwardTo)) return [{ pointer, message: 'must be an object {endpoints, headers}' }];
  return fieldProblems(forwardTo, etlPrefix);
}

function fieldProblems({ endpoints, headers, ...others }: Record<string, unknown>, etlPrefix: string): FieldProblem[] {
  const problems: FieldProblem[] = Object.keys(others).map((name) => ({
    pointer: `/forwardTo/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    message: `unknown field "${name}"`,
  }));
  const isId = (id: unknown): boolean => isUuid(id) || (Number.isSafeInteger(id) && (id as number) > 0);
  if (
    !Array.isArray(endpoints) ||
    endpoints.length === 0 ||
    endpoints.length > MAX_ENDPOINTS ||
    !endpoints.every(isId)
  ) {
    const message = `must be a list of 1 to ${MAX_ENDPOINTS} endpoints, each by its integer or uuid`;
    problems.push({ pointer: '/forwardTo/endpoints', message });
  }
  if (headers === undefined) return problems;
  const names = Array.isArray(headers) ? headers : null;
  if (!names || names.length > MAX_HEADERS || !names.every((name) => typeof name === 'string')) {
    return [
      ...problems,
      { pointer: '/forwardTo/headers', message: `must be a list of at most ${MAX_HEADERS} header names` },
    ];
  }
  return [...problems, ...names.flatMap((name: string, index) => headerNameProblem(name, index, etlPrefix))];
}

function headerNameProblem(name: string, index: number, etlPrefix: string): FieldProblem[] {
  const pointer = `/forwardTo/headers/${index}`;
  const isOurs = NEVER.has(name.toLowerCase()) || isSluiceHeader(name, etlPrefix);
  const message = isOurs ? `${name} is not handed on` : headerProblem(name, '');
  return message ? [{ pointer, message }] : [];
}

/** Finds the endpoints that a trigger hands on to. */
@Injectable()
export class ForwardTargets {
  constructor(
    private readonly endpoints: EndpointQueries,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  /** What is wrong with `forwardTo` as it was sent, whatever endpoints there are. */
  problems(sent: Parameters<typeof forwardProblems>[0], forwards: boolean | null): FieldProblem[] {
    return forwardProblems(sent, forwards, this.settings.etlPrefix);
  }

  /** @throws AppError `invalid_request` when one is not an event endpoint of the app. */
  async resolve(sent: unknown, appId: string): Promise<ForwardTo> {
    const { endpoints, headers = [] } = sent as { endpoints: (number | string)[]; headers?: string[] };
    const found = await Promise.all(endpoints.map((id) => this.find(id)));
    const problems = found.flatMap((endpoint, index): FieldProblem[] => {
      const isMine = endpoint && !endpoint.deleted && endpoint.state.appId === appId && endpoint.state.kind === 'event';
      return isMine ? [] : [{ pointer: `/forwardTo/endpoints/${index}`, message: 'there is no such event endpoint' }];
    });
    if (problems.length > 0) throw invalidRequest(problems);
    const ids = found.flatMap((endpoint) => (endpoint ? [endpoint.state.id] : []));
    return { endpoints: [...new Set(ids)], headers: [...new Set(headers.map((name) => name.toLowerCase()))] };
  }

  private find(id: number | string) {
    if (typeof id === 'string') return this.endpoints.byUuid(id);
    return id > 2_147_483_647 ? Promise.resolve(null) : this.endpoints.byNumber(id);
  }
}

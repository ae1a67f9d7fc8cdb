import { Injectable } from '@nestjs/common';
import type { AppScope } from '@sluice/access';
import type { FieldProblem, FlowDefinition, FlowStep } from '@sluice/contracts';
import { OutboundClient } from '@sluice/outbound-http';
import { platformError } from '@sluice/platform';
import { type Actor, requireMatch } from '../changes/change-log.ts';
import type { Changed } from '../changes/changed.ts';
import { type FlowResult, Flows } from '../flows/flows.ts';
import { FlowQueries, type FoundFlow } from '../flows/flows.query.ts';
import { registryError } from '../registry.errors.ts';
import { type Page, type PageQuery } from '../requests/page.requests.ts';
import { validated } from '../requests/validated.ts';
import { BindListener, type ListenerView } from './listener.requests.ts';

/** Whether a new flow was made for the listener. */
export interface Bound extends Changed<FlowResult> {
  isNew: boolean;
}

/**
 * Listeners that are URLs of an app (LN-06): each is a flow of one step, so that its runs, their history, pausing and
 * the order of events are what they are for every flow.
 */
@Injectable()
export class Listeners {
  constructor(
    private readonly flows: Flows,
    private readonly queries: FlowQueries,
    private readonly outbound: OutboundClient,
  ) {}

  /** @throws AppError 412 when the present version, or that there is none, is not what `ifMatch` says. */
  async bind(name: string, body: unknown, app: AppScope, actor: Actor, ifMatch?: string): Promise<Bound> {
    const request = await validated(BindListener, body, (sent) => this.urlProblems(sent.url));
    const { url, timeout } = request;
    const step = { ref: 'listener', type: 'listener', url, name, ...(timeout == null ? {} : { timeout }) };
    const found = await this.queries.byListener(app.id, name);
    if (!found) {
      // RFC 9110 §13.1.1: what does not exist matches nothing, not even `*`.
      if (ifMatch !== undefined) requireMatch('none', 0);
      const flow = { name: `Listener ${name}`.slice(0, 200), listener: name, status: 'active', steps: [step] };
      return { ...(await this.flows.create(flow, app.id, actor)), isNew: true };
    }
    if (!stepOf(found.definition)) {
      throw registryError(
        'listener_taken',
        `the flow ${found.state.id} has the listener name ${name}: rename it first`,
      );
    }
    const change = { status: 'active', steps: [step] };
    return { ...(await this.flows.change(found.state.id, change, app, actor, ifMatch)), isNew: false };
  }

  async get(name: string, app: AppScope): Promise<FoundFlow> {
    const found = await this.queries.byListener(app.id, name);
    if (!found) throw platformError('not_found', 'there is no such listener');
    return found;
  }

  /** A listener that is a flow of its own is taken away with its flow. */
  async unbind(name: string, app: AppScope, actor: Actor, ifMatch?: string): Promise<Changed<FlowResult>> {
    const found = await this.get(name, app);
    if (!stepOf(found.definition)) throw platformError('not_found', 'there is no listener of this name with a URL');
    return this.flows.delete(found.state.id, app, actor, ifMatch);
  }

  async page(appId: string, query: PageQuery): Promise<Page<ListenerView>> {
    const page = await this.queries.listeners(appId, query);
    return { ...page, items: page.items.map(listenerViewOf) };
  }

  private urlProblems(url: unknown): FieldProblem[] {
    if (typeof url !== 'string') return [];
    const message = this.outbound.checkUrl(url);
    return message === null ? [] : [{ pointer: '/url', message }];
  }
}

/** The one step of a flow that stands for a URL. */
function stepOf(definition: FlowDefinition): FlowStep | null {
  const [step, ...others] = definition.steps;
  return step?.type === 'listener' && others.length === 0 ? step : null;
}

export function listenerViewOf({ state, definition }: Pick<FlowResult, 'state' | 'definition'>): ListenerView {
  const step = stepOf(definition);
  const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    name: state.listener ?? '',
    url: textOf(step?.url),
    timeout: textOf(step?.timeout),
    flowId: state.id,
    status: state.status,
  };
}

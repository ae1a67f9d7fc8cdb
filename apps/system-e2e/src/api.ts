import type { System } from '@sluice/testing';

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
  text: string;
}

/** A client of the management API; every resource it makes belongs to one fresh app. */
export class Api {
  private constructor(
    private readonly system: System,
    readonly appId: string,
  ) {}

  /** Of an app that is there. */
  static ofApp(system: System, appId: string): Api {
    return new Api(system, appId);
  }

  static async ofFreshApp(system: System, name: string): Promise<Api> {
    const api = new Api(system, '');
    const app = await api.call('POST', '/v1/apps', {
      name: `${name}-${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`,
    });
    if (app.status !== 201) throw new Error(`no app: ${app.status} ${app.text}`);
    return new Api(system, String(app.body.id));
  }

  async call<T = Record<string, unknown>>(
    method: string,
    route: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const answer = await fetch(`${this.system.url}${route}`, {
      method,
      headers: {
        authorization: `Bearer ${this.system.adminToken}`,
        ...(this.appId ? { 'x-sluice-app': this.appId } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = (answer.headers.get('content-type') ?? '').includes('json');
    return { status: answer.status, headers: answer.headers, text, body: (isJson ? JSON.parse(text) : {}) as T };
  }

  /** Like `call`, but anything outside 2xx is an error of the test. */
  async must<T = Record<string, unknown>>(method: string, route: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, route, body);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${route}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  flow(steps: unknown[], more: Record<string, unknown> = {}): Promise<{ id: string }> {
    return this.must('POST', '/v1/flows', { name: 'Test flow', status: 'active', steps, ...more });
  }

  trigger(flowId: string, more: Record<string, unknown> = {}): Promise<{ id: string; url: string; token: string }> {
    return this.must('POST', '/v1/triggers', {
      flowId,
      name: 'Test trigger',
      profile: 'native',
      auth: { type: 'bearer' },
      ...more,
    });
  }

  endpoint(url: string, events: string[], more: Record<string, unknown> = {}): Promise<{ id: number; uuid: string }> {
    return this.must('POST', '/v1/endpoints', { kind: 'event', name: 'Test endpoint', url, events, ...more });
  }

  fire(trigger: { id: string; token: string }, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call('POST', `/t/${trigger.id}`, body, { authorization: `Bearer ${trigger.token}`, ...headers });
  }
}

/** The smallest flow that ends in a delivery. */
export const EMITTING_STEPS = [
  { ref: 'order', type: 'webhook' },
  { ref: 'told', type: 'emit', event: 'order.placed', subject: '{{ order.n }}', data: '{{ order }}' },
];

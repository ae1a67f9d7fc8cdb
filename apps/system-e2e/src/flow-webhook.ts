import type { Api } from './api.ts';

export interface CallOptions {
  method?: string;
  /** With its question mark. */
  query?: string;
  /** Appended to the address. */
  path?: string;
  /** The trigger's own unless given; null: none. */
  token?: string | null;
  body?: string;
  type?: string;
}

export interface WebhookRun {
  id: string;
  status: string;
  input: unknown;
  error: { code: string } | null;
}

/** A flow with a trigger of profile `flow`, as a sender and as an editor see it. */
export class FlowWebhook {
  private constructor(
    private readonly api: Api,
    readonly flowId: string,
    readonly triggerId: string,
    readonly token: string,
    readonly url: string,
  ) {}

  static async of(api: Api, steps: unknown[], flow: object = {}, trigger: object = {}): Promise<FlowWebhook> {
    const { id: flowId } = await api.flow(steps, { ...flow });
    const { id, token, url } = await api.trigger(flowId, { profile: 'flow', auth: undefined, ...trigger });
    return new FlowWebhook(api, flowId, id, token, url);
  }

  call({
    method = 'POST',
    query = '',
    path = '',
    token = this.token,
    body,
    type,
  }: CallOptions = {}): Promise<Response> {
    return fetch(`${this.url}${path}${query}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body }),
    });
  }

  /** The flow's runs as its debugger shows them, newest first. */
  async runs(): Promise<WebhookRun[]> {
    const { items } = await this.api.must<{ items: { id: string }[] }>('GET', `/v1/runs?flowId=${this.flowId}`);
    return Promise.all(items.map(({ id }) => this.api.must<WebhookRun>('GET', `/v1/runs/${id}`)));
  }
}

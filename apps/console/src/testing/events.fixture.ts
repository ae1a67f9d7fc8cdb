import { product, type TestApp } from './browser.fixture.ts';

/**
 * Publishes a domain event in the app, as a service of the customer's would. @param told further attributes
 * @throws Error unless it is accepted
 */
export async function publishEvent(app: TestApp, type: string, data: unknown, told: object = {}): Promise<void> {
  const answer = await fetch(`${product.url()}/v1/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${product.token()}`,
      'x-sluice-app': app.id,
      'content-type': 'application/cloudevents+json',
    },
    body: JSON.stringify({ specversion: '1.0', id: crypto.randomUUID(), source: '/test', type, data, ...told }),
  });
  if (answer.status !== 202) throw new Error(`${type} was not accepted: ${answer.status} ${await answer.text()}`);
}

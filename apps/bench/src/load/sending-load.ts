import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@sluice/testing';
import { Histogram } from './histogram.ts';
import { inParallel, type Product, startProduct } from '../product.ts';

/** Made one after another up to here, so that benches begin alike. */
const MANY_ENDPOINTS = 200;
const FILLER = 'x'.repeat(900);
/** What an endpoint of these benches does with a request: by the first part of its path. */
type Behaviour = 'ok' | 'hang' | 'fail';

/** Receivers in the bench's own process (one more than the product's), and publishing straight to the dispatcher. */
export class SendingLoad {
  readonly product: Product;
  readonly #server: Server;
  readonly #latencies = new Map<Behaviour, Histogram>();
  arrived = 0;
  firstAtMs = 0;
  lastAtMs = 0;
  #published = 0;

  private constructor(product: Product, server: Server) {
    this.product = product;
    this.#server = server;
    server.on('request', (request, response) => {
      const behaviour = (request.url ?? '').split('/')[1] as Behaviour;
      let sentAtMs = Number.NaN;
      request.on('data', (chunk: Buffer) => {
        if (Number.isNaN(sentAtMs)) sentAtMs = Number(/"sentAtMs":(\d+\.?\d*)/.exec(chunk.toString('latin1'))?.[1]);
      });
      request.on('end', () => {
        if (behaviour === 'hang') return;
        this.#count(behaviour, sentAtMs);
        response.writeHead(behaviour === 'fail' ? 500 : 204).end();
      });
    });
  }

  static async start(env: Record<string, string> = {}): Promise<SendingLoad> {
    const server = createServer();
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new SendingLoad(await startProduct('standalone', { triggers: 0, env }), server);
  }

  async endpoints(count: number, behaviour: Behaviour, more: Record<string, unknown> = {}): Promise<number[]> {
    const { port } = this.#server.address() as AddressInfo;
    return inParallel(count, count > MANY_ENDPOINTS ? 16 : 1, async (index) => {
      const url = `http://127.0.0.1:${port}/${behaviour}/${index}`;
      const wish = {
        kind: 'event',
        name: `${behaviour} ${index}`,
        events: ['bench.*'],
        url,
        secret: 'a bench',
        ...more,
      };
      return Number((await this.product.call('POST', '/v1/endpoints', wish)).id);
    });
  }

  /** Publishes events of 1 KiB, in batches. */
  async publish(count: number): Promise<void> {
    const { system } = this.product;
    for (let left = count; left > 0; left -= 100) {
      const events = Array.from({ length: Math.min(left, 100) }, () => ({
        specversion: '1.0',
        id: String(this.#published++),
        source: '/bench',
        type: 'bench.event',
        data: { sentAtMs: performance.timeOrigin + performance.now(), filler: FILLER },
      }));
      const answer = await fetch(`${system.url}/v1/events`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${system.adminToken}`,
          'content-type': 'application/cloudevents-batch+json',
        },
        body: JSON.stringify(events),
      });
      if (answer.status !== 202) throw new Error(`publishing: ${answer.status} ${await answer.text()}`);
    }
  }

  /** Forgets what came, and waits until so many more have come. @returns them per second. */
  async drained(count: number, begin: () => Promise<void>, watch: () => void = () => undefined): Promise<number> {
    this.clear();
    await begin();
    await waitFor(
      () => {
        watch();
        return this.arrived >= count;
      },
      300_000,
      `${count} deliveries`,
    );
    return (count / Math.max(1, this.lastAtMs - this.firstAtMs)) * 1000;
  }

  clear(): void {
    this.arrived = 0;
    this.firstAtMs = 0;
    this.#latencies.clear();
  }

  latency(behaviour: Behaviour): [p50Ms: number, p99Ms: number] {
    return (this.#latencies.get(behaviour)?.percentiles(50, 99) ?? [Number.NaN, Number.NaN]) as [number, number];
  }

  async stop(): Promise<void> {
    await this.product.system.remove();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #count(behaviour: Behaviour, sentAtMs: number): void {
    const nowMs = performance.timeOrigin + performance.now();
    this.firstAtMs ||= nowMs;
    this.lastAtMs = nowMs;
    this.arrived++;
    const known = this.#latencies.get(behaviour) ?? new Histogram();
    known.add(Math.max(0, nowMs - sentAtMs));
    this.#latencies.set(behaviour, known);
  }
}

import { readFileSync } from 'node:fs';
import { System, type Wiring } from '@sluice/testing';
import type { LoadOrder } from './load/load-order.ts';

export interface Product {
  system: System;
  /** The one flow that all triggers start. */
  flowId: string;
  targets: LoadOrder['targets'];
  call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
}

const FLOW = {
  name: 'Bench',
  status: 'active',
  steps: [
    { ref: 'order', type: 'webhook' },
    { ref: 'text', type: 'set', values: { line: 'Order {{ order.n }}' } },
    {
      ref: 'told',
      type: 'emit',
      event: 'order.placed',
      subject: '{{ order.n }}',
      data: { n: '{{ order.n }}', line: '{{ text.line }}', filler: '{{ order.filler }}' },
    },
  ],
};

/** At most `width` at a time; the results in their order. */
export async function inParallel<T>(count: number, width: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let index = next++; index < count; index = next++) results[index] = await work(index);
    }),
  );
  return results;
}

/** A flow whose caller waits for its answer. */
export const ANSWERING_FLOW = {
  ...FLOW,
  steps: FLOW.steps.slice(0, 2),
  response: { mode: 'sync', status: '200', body: '{"line": {{ text.line | tojson }}}' },
};

/** The product as a user starts it, with one flow, `triggers` triggers for it and, when a receiver is given, one endpoint. */
export async function startProduct(
  wiring: Wiring,
  options: {
    triggers: number;
    receiverPort?: number;
    env?: Record<string, string>;
    flow?: Record<string, unknown>;
    /** Further settings of a trigger. */
    trigger?: (index: number) => Record<string, unknown>;
  },
): Promise<Product> {
  const system = await System.start(wiring, { env: { ...options.env } });
  const call: Product['call'] = async (method, path, body) => {
    const answer = await fetch(system.url + path, {
      method,
      headers: { authorization: `Bearer ${system.adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  };
  const flow = await call('POST', '/v1/flows', options.flow ?? FLOW);
  if (options.receiverPort !== undefined) {
    await call('POST', '/v1/endpoints', {
      kind: 'event',
      name: 'Bench',
      events: ['order.*'],
      url: `http://127.0.0.1:${options.receiverPort}/`,
      secret: 'whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQh',
      // Each is under way for up to 0.1 s at the rates where the processors are full.
      concurrency: 400,
    });
  }
  const targets = await inParallel(options.triggers, 32, async (index) => {
    const trigger = await call('POST', '/v1/triggers', {
      flowId: flow.id,
      name: `T${index}`,
      profile: 'native',
      auth: { type: 'bearer' },
      ...options.trigger?.(index),
    });
    return { path: `/t/${String(trigger.id)}`, token: String(trigger.token) };
  });
  return { system, flowId: String(flow.id), targets, call };
}

/** Resident memory of the product's own Node processes, in MiB. */
export function nodeMemoryMiB(system: System): number {
  const pids = Object.entries(system.pids()).filter(([name]) => name !== 'postgres' && name !== 'kafka');
  const kib = pids.map(([, pid]) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0),
  );
  return Math.round(kib.reduce((sum, each) => sum + each, 0) / 1024);
}

/** Processor time that a process has used since it began, in milliseconds. */
export function cpuMsOf(pid: number): number {
  // After the name in parentheses: user and system time are the 12th and 13th field, in hundredths of a second.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** Processor time that the product's own Node processes have used, in milliseconds: others on the machine do not change it. */
export function nodeCpuMs(system: System): number {
  const pids = Object.entries(system.pids()).filter(([name]) => name !== 'postgres' && name !== 'kafka');
  return pids.reduce((sum, [, pid]) => sum + cpuMsOf(pid), 0);
}

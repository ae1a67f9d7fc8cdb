import { hostileReceiver } from '@sluice/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { HostResolver } from './host-resolver.ts';
import { nameServer } from './name-server.fixture.ts';
import { createOutboundClient } from './outbound-client.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('DL-07: a name server that rebinds', () => {
  it('is asked once for a connection, and whatever it says later is judged anew', async () => {
    const inside = await hostileReceiver({ kind: 'ok' });
    closing.push(() => inside.close());
    // First what may be called (nobody listens there), then the inside, then both, then the inside in another dress.
    const names = await nameServer([['127.0.0.2'], ['127.0.0.1'], ['127.0.0.1', '127.0.0.2'], ['10.0.0.1']]);
    closing.push(() => names.close());
    const { resolve } = new HostResolver([names.server]);
    const client = createOutboundClient({ allow: ['127.0.0.2/32'], resolve });
    closing.push(() => client.close(100));
    const request = {
      method: 'POST',
      url: `http://rebind.example:${inside.port}/`,
      headers: [],
      body: 'x',
      timeoutMs: 20_000,
    };
    const stages: string[] = [];
    for (let call = 1; call <= 4; call++) {
      const result = await client.send(request);
      stages.push(result.ok ? 'answered' : result.error.stage);
      expect(names.asked).toBe(call);
    }
    expect(stages).toEqual(['connect', 'address', 'connect', 'address']);
    expect(inside.connections).toBe(0);
  });
});

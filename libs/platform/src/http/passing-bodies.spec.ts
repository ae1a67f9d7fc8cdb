import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fastify, type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { letBodiesPass } from './passing-bodies.ts';

let app: FastifyInstance;
let port: number;
beforeAll(async () => {
  app = fastify({ bodyLimit: 1_000 });
  letBodiesPass(app);
  app.post('/', () => ({}));
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => app.close());

/** Sends a head and the parts of a body with a pause after each, and only then reads: as many simple clients do. */
async function sendThenRead(headers: string, parts: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const failed = new Promise<never>((_, reject) => socket.once('error', reject));
  const talk = async (): Promise<string> => {
    const head = `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n${headers}`;
    for (const part of [`${head}\r\n\r\n`, ...parts]) {
      socket.write(part);
      await sleep(100);
    }
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  };
  return await Promise.race([talk(), failed]);
}

describe('GW-03: who sends first and reads then gets the refusal of a body that is too large', () => {
  it('although it wants the connection closed', async () => {
    const parts = ['x'.repeat(200_000), 'x'.repeat(200_000), 'x'.repeat(200_000)];
    const answer = await sendThenRead('content-length: 600000', parts);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('FST_ERR_CTP_BODY_TOO_LARGE');
  });

  it('and who announces no length', async () => {
    const chunk = `${(200_000).toString(16)}\r\n${'x'.repeat(200_000)}\r\n`;
    const answer = await sendThenRead('transfer-encoding: chunked', [chunk, chunk, `${chunk}0\r\n\r\n`]);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('at the latest after a second, when the rest does not come', async () => {
    const answer = await sendThenRead('content-length: 600000', ['x'.repeat(2_000)]);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});

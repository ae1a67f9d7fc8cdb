import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

/** What a flow sees of the bodies that its trigger takes. */
export const bodies: Scenarios = (use) => {
  describe('request bodies', () => {
    let api: Api;
    let trigger: { id: string; token: string };
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'bodies');
      trigger = await api.trigger((await api.flow([{ ref: 'web1', type: 'webhook' }])).id);
    });

    async function inputOf(body: string | FormData, contentType?: string): Promise<unknown> {
      const answer = await fetch(`${use().system.url}/t/${trigger.id}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${trigger.token}`,
          ...(contentType === undefined ? {} : { 'content-type': contentType }),
        },
        body,
      });
      if (answer.status !== 202) return (await answer.json()) as unknown;
      const { id } = (await answer.json()) as { id: string };
      const run = await api.must<{ status: string; input: unknown }>('GET', `/v1/runs/${id}?wait=30s`);
      expect(run.status).toBe('succeeded');
      return run.input;
    }

    it('LC-10: JSON, forms, XML and nothing are shown as JSON', async () => {
      expect(await inputOf('{"a":[1]}', 'application/json')).toEqual({ a: [1] });
      expect(await inputOf('a=1&b=2&a=3', 'application/x-www-form-urlencoded')).toEqual({ a: ['1', '3'], b: '2' });
      expect(await inputOf('<o id="7"><i>x</i><i/>text</o>', 'text/xml; charset=utf-8')).toEqual({
        o: { '@id': '7', i: ['x', null], '#text': 'text' },
      });
      expect(await inputOf('')).toEqual({});
    });

    it('GW-07: a compressed body is verified as it came and read as it was before; a bomb is 413', async () => {
      const secret = 'a secret of the sender';
      const signed = await api.trigger((await api.flow([{ ref: 'web1', type: 'webhook' }])).id, {
        auth: { type: 'hmac', preset: 'github', secret },
      });
      const send = (body: Buffer) =>
        fetch(`${use().system.url}/t/${signed.id}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'content-encoding': 'gzip',
            'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
          },
          body: new Uint8Array(body),
        });
      const answer = await send(gzipSync('{"packed":true}'));
      const { id } = (await answer.json()) as { id: string };
      expect((await api.must<{ input: unknown }>('GET', `/v1/runs/${id}?wait=30s`)).input).toEqual({ packed: true });
      expect((await send(gzipSync(Buffer.alloc(50_000_000)))).status).toBe(413);
    });

    it('LC-10: an uploaded file is shown by name, type, size and where it is stored', async () => {
      const form = new FormData();
      form.append('company', 'Zoë');
      form.append('doc', new File(['12345'], 'größe.txt', { type: 'text/plain' }));
      expect(await inputOf(form)).toEqual({
        company: 'Zoë',
        doc: { filename: 'größe.txt', contentType: 'text/plain', size: 5, payloadId: expect.any(String) },
      });
    });

    it('GW-03, GW-07: what cannot be read is refused with its reason', async () => {
      const refused = async (body: string, type: string) => {
        const { code, status } = (await inputOf(body, type)) as { code: string; status: number };
        return [status, code];
      };
      expect(await refused('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 'text/xml')).toEqual([422, 'malformed_xml']);
      expect(await refused('<a>'.repeat(65), 'text/xml')).toEqual([422, 'too_deep']);
      expect(await refused('--x\r\n', 'multipart/form-data; boundary=x')).toEqual([422, 'malformed_multipart']);
      expect(await refused('{}', 'application/json; charset=utf-16')).toEqual([415, 'unsupported_charset']);
      expect(await refused('hello', 'text/plain')).toEqual([415, 'unsupported_content_type']);
    });
  });
};

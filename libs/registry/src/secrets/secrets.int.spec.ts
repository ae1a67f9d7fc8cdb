import { describe, expect, it } from 'vitest';
import { registryOfFile } from '../registry.fixture.ts';

const { call } = registryOfFile();

const put = async (name: string, headers: Record<string, string> = {}) => {
  const { status, headers: answered, body } = await call('PUT', `/v1/secrets/${name}`, { value: 'v' }, { headers });
  return { status, code: body.code, tag: answered.get('etag') ?? '' };
};

describe('RG-01: secrets that two people change', () => {
  it('If-Match keeps the later one from overwriting unseen', async () => {
    const { tag } = await put('shared');
    expect((await put('shared', { 'if-match': tag })).status).toBe(200);
    expect(await put('shared', { 'if-match': tag })).toMatchObject({ status: 412, code: 'precondition_failed' });
  });

  it('If-None-Match: * only makes what is not there; also after it was deleted, and of two at once for one', async () => {
    const onlyNew = { 'if-none-match': '*' };
    const both = await Promise.all([put('fresh', onlyNew), put('fresh', onlyNew)]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 412]);
    expect(await put('fresh', onlyNew)).toMatchObject({ status: 412, code: 'precondition_failed' });
    const { tag } = await put('fresh');
    expect((await put('fresh', { 'if-none-match': tag })).status).toBe(412);
    expect((await put('fresh', { 'if-none-match': '"0"' })).status).toBe(200);
    expect((await call('DELETE', '/v1/secrets/fresh')).status).toBe(204);
    expect((await put('fresh', onlyNew)).status).toBe(201);
  });
});

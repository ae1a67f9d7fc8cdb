import { type FlowState, type TriggerAccepted, type TriggerState } from '@sluice/contracts';
import { Payloads } from '@sluice/payloads';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let flow: FlowState;
let trigger: TriggerState;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startServices({
    services: [gatewayService, ...NEIGHBOURS],
    settings: testSettings(database.url),
    logger: SILENT,
  });
  neighbours = new Neighbours(running.app.nest);
  flow = await neighbours.flow();
  trigger = await neighbours.trigger(flow, { auth: { type: 'none' } });
  await waitFor(() => neighbours.isKnown(trigger.id));
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

async function accepted(body: FormData | string, headers: Record<string, string> = {}): Promise<TriggerAccepted> {
  const answer = await fetch(`${running.url}/t/${trigger.id}`, { method: 'POST', body, headers });
  expect(answer.status).toBe(202);
  return (await neighbours.event(((await answer.json()) as { id: string }).id)).data as TriggerAccepted;
}

const payloadCount = async () => (await database.pool.query('select 1 from payloads.payloads')).rowCount;

describe('LC-10: bodies', () => {
  it('the files of a multipart body are stored and referenced before the request is accepted', async () => {
    const form = new FormData();
    form.append('company', 'Zoë');
    form.append('doc', new File(['one'], 'a.txt', { type: 'text/plain' }));
    form.append('doc', new File([Buffer.alloc(300_000)], 'b.bin'));
    const event = await accepted(form);
    expect(event).toMatchObject({ bodyKind: 'multipart', bodyPayloadId: expect.any(String) });
    const payloads = new Payloads(database.pool);
    const files = await Promise.all((event.fileIds ?? []).map((id) => payloads.get(id)));
    expect(files.map((file) => file.length)).toEqual([3, 300_000]);
    const { rows } = await database.pool.query('select 1 from payloads.payloads where id = any($1) and referenced', [
      [...(event.fileIds ?? []), event.bodyPayloadId],
    ]);
    expect(rows).toHaveLength(3);
  });

  it('other bodies name no files; XML is recorded as XML', async () => {
    const before = await payloadCount();
    const xml = await accepted('<a b="1"/>', { 'content-type': 'text/xml' });
    expect([xml.bodyKind, xml.fileIds]).toEqual(['xml', undefined]);
    expect((await accepted(new FormData())).fileIds).toBeUndefined();
    expect(await payloadCount()).toBe(before);
  });

  it('what is refused stores nothing', async () => {
    const before = await payloadCount();
    const body = '--x\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n1\r\n--x\r\nbroken';
    const answer = await fetch(`${running.url}/t/${trigger.id}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([422, 'malformed_multipart']);
    expect(await payloadCount()).toBe(before);
  });
});

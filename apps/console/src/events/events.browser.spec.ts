import { type RecordingReceiver, recordingReceiver } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { publishEvent } from '../testing/events.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let receiver: RecordingReceiver;
beforeAll(async () => {
  [app, receiver] = await Promise.all([TestApp.make('events'), recordingReceiver()]);
  await app.call('POST', '/v1/endpoints', {
    kind: 'event',
    name: 'Listener',
    url: receiver.url,
    events: ['shop.*'],
  });
});
afterAll(() => receiver?.close());

describe('events and their types', () => {
  it('RG-05: an event type is made with its schema, and a test event of its sample is published and found', async () => {
    const page = await browser.visit(app.screen('event-types'));
    await page.getByText('Flow.Executed').first().waitFor();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Add event type' }).click();
    await page.getByLabel('Name', { exact: true }).fill('shop.opened');
    await page.getByLabel('JSON Schema of the data').fill('{"type": "object", "required": ["city"], ');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('The schema is no JSON').waitFor();
    await page.getByLabel('JSON Schema of the data').fill('');
    await page.keyboard.type('{"properties": {"city": {"for');
    await page.getByRole('option', { name: /format/ }).click();
    await page.getByLabel('JSON Schema of the data').getByText('"format').waitFor();
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('checkbox');
    const schema = '{"type":"object","required":["city"],"properties":{"city":{"type":"string","example":"Łódź"}}}';
    await page.getByLabel('JSON Schema of the data').fill(schema);
    await page.getByLabel('Refuse events with other data').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'shop.opened' }).waitFor();
    const data = page.getByLabel('Data', { exact: true });
    await data.waitFor();
    await expect.poll(() => data.innerText()).toContain('Łódź');
    await expectAccessible(page);
    await data.fill('');
    await page.keyboard.type('{"ci');
    await page.getByRole('option', { name: /city/ }).click();
    await data.getByText('"city').waitFor();
    await data.fill('{"town": 1}');
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByRole('alert').getByText('/data').first().waitFor();
    await data.fill('{"city": "Wrocław"}');
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByText('It was accepted.').waitFor();
    const [sent] = await receiver.waitFor(1, 30_000);
    expect(JSON.parse(sent?.text ?? '')).toMatchObject({ eventType: 'shop.opened', entity: { city: 'Wrocław' } });
    await page.getByRole('link', { name: 'See the events' }).click();
    await page.getByRole('row', { name: /shop\.opened/ }).click();
    await page.getByRole('region', { name: 'Data' }).getByText('Wrocław').waitFor();
    await page.getByText('1 attempt').waitFor();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Listener' }).click();
    await page.getByRole('heading', { name: 'Attempt 1' }).waitFor();
  });

  it('DL-02: what else its producer said of an event is shown with it', async () => {
    const told = { dataschema: 'https://example.org/city.json', tenant: 'north\u202edoor', urgency: 7 };
    await publishEvent(app, 'town.opened', {}, told);
    const page = await browser.visit(app.screen('events'));
    await page.getByRole('row', { name: /town\.opened/ }).click();
    const shown = async () => (await page.getByRole('region', { name: 'Event', exact: true }).innerText()).split(/\s+/);
    await expect.poll(shown).toEqual(expect.arrayContaining(['dataschema', told.dataschema, 'tenant', 'urgency', '7']));
    expect((await shown()).join(' ')).not.toContain('\u202e');
  });

  it('RG-05: an event type is changed; who was slower sees the difference and loses nothing; it is deleted when confirmed', async () => {
    await app.call('POST', '/v1/event-types', {
      name: 'shop.closed',
      description: 'old',
      validate: true,
      schema: {},
    });
    const page = await browser.visit(app.screen('event-types/shop.closed'));
    await page.getByRole('link', { name: 'Change' }).click();
    await page.getByLabel('Description').fill('mine');
    await page
      .getByLabel('JSON Schema of the data')
      .fill('{"type": "object", "properties": {"at": {"example": "noon"}}}');
    await app.call('PATCH', '/v1/event-types/shop.closed', { description: 'theirs' });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const difference = page.getByRole('region', { name: 'Theirs against yours' });
    await expect
      .poll(() => difference.textContent())
      .toMatch(/− removed: description: theirs.*\+ added: description: mine/s);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Save mine over theirs' }).click();
    await page.getByRole('heading', { level: 1, name: 'shop.closed' }).waitFor();
    await expect.poll(() => page.getByLabel('Data', { exact: true }).innerText()).toContain('noon');
    await expect
      .poll(() => app.call('GET', '/v1/event-types/shop.closed'))
      .toMatchObject({ description: 'mine', validate: true });
    await page.getByRole('button', { name: 'Delete …' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete the event type' }).click();
    await page.getByRole('heading', { level: 1, name: 'Event types' }).waitFor();
    await expect(app.call('GET', '/v1/event-types/shop.closed')).rejects.toThrow('404');
  });
});

// Runs the producers of examples/producers against a real Kafka and the product: what they publish reaches an endpoint,
// once however often it is sent; bad records between theirs become dead letters with their reasons, and the partition
// goes on. Python needs kafka-python in .cache/producers (examples/producers/python/requirements.txt).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { startKafka } from '@sluice/local-servers';
import { recordingReceiver, System, waitFor } from '@sluice/testing';
import { productNode, requireNode, root } from './node-version.mjs';

requireNode();

const LONG_MS = 60_000;
const examples = path.join(root, 'examples', 'producers');
const dir = mkdtempSync(path.join(tmpdir(), 'sluice-producers-'));
const kafka = await startKafka({ dir });
const receiver = await recordingReceiver();
const system = await System.start('distributed', { env: { SLUICE_KAFKA_BROKERS: kafka.brokers } });

async function api(method, route, body) {
  const answer = await fetch(system.url + route, {
    method,
    headers: { authorization: `Bearer ${system.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

function produce(language, order) {
  const [command, file] =
    language === 'python'
      ? [path.join(root, '.cache', 'producers', 'bin', 'python'), path.join(examples, 'python', 'produce.py')]
      : [productNode(), path.join(examples, 'typescript', 'produce.ts')];
  execFileSync(command, [file, order], {
    env: { ...process.env, BROKERS: kafka.brokers, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
    stdio: 'inherit',
  });
}

/** Written by the TypeScript example's client: it is the one that is here. */
async function produceBad(key) {
  const { Kafka } = await import('kafkajs');
  const producer = new Kafka({ clientId: 'bad', brokers: [kafka.brokers] }).producer();
  const ce = { ce_specversion: '1.0', ce_id: 'bad', ce_source: '/bad', ce_type: 'bad.one' };
  await producer.connect();
  await producer.send({
    topic: 'domain.events',
    messages: [
      { key, headers: ce, value: 'no json' },
      { key, headers: { ...ce, ce_type: '' }, value: '{}' },
      { key, headers: { 'content-type': 'application/cloudevents+json' }, value: '[]' },
      { key, headers: {}, value: null },
    ],
  });
  await producer.disconnect();
}

const seen = (order) =>
  receiver.requests.map(({ text }) => JSON.parse(text)).filter(({ entityId }) => entityId === order);

try {
  await api('POST', '/v1/endpoints', { kind: 'event', name: 'Orders', url: receiver.url, events: ['order.*'] });
  for (const language of ['typescript', 'python']) {
    const order = `${language}-1`;
    await produceBad(order);
    produce(language, order);
    produce(language, order);
    produce(language, `${language}-2`);
    await waitFor(() => seen(`${language}-2`).length === 2, LONG_MS, `what ${language} published`);
    // Of one key, so the second run of the first order was read before what has arrived.
    await waitFor(() => seen(order).length === 2, LONG_MS, `what ${language} published first`);
    const types = seen(order).map(({ eventType, entity }) => `${eventType} ${entity.total}`);
    if (types.toSorted().join() !== 'order.paid 12.5,order.placed 12.5') throw new Error(`${language}: ${types}`);
  }
  const letters = await waitFor(async () => {
    const { items } = await api('GET', '/v1/dead-letters?limit=200');
    return items.length >= 8 ? JSON.stringify(items) : null;
  }, LONG_MS);
  for (const reason of ['not valid JSON', 'attribute type must be', 'must be a JSON object', 'attribute specversion']) {
    if (!letters.includes(reason)) throw new Error(`no dead letter says "${reason}": ${letters}`);
  }
  console.log('both producers reach an endpoint, once; 8 bad records are dead letters');
} catch (error) {
  console.error(error);
  console.error(system.log.slice(-3000));
  process.exitCode = 1;
} finally {
  await system.remove();
  await receiver.close();
  await kafka.stop();
  rmSync(dir, { recursive: true, force: true });
}

// Publishes CloudEvents to the topic domain.events with nothing but a Kafka client: one in binary mode (attributes are
// headers), one in structured mode (the value is the event). Node runs this file as it is: node produce.ts
import { randomUUID } from 'node:crypto';
import { CompressionTypes, Kafka } from 'kafkajs';

const kafka = new Kafka({ clientId: 'orders', brokers: (process.env.BROKERS ?? 'localhost:9092').split(',') });
// acks -1: a record is there when most of the brokers have it. The producer repeats what it is not sure of; Sluice
// records one event per (app, source, id), so give an event the same id however often you send it.
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });

const order = process.argv[2] ?? randomUUID();
const data = { order, total: 12.5 };

await producer.connect();
try {
  await producer.send({
    topic: 'domain.events',
    acks: -1,
    compression: CompressionTypes.GZIP,
    messages: [
      {
        // The key decides the partition: events of one order stay in their order.
        key: order,
        headers: {
          'content-type': 'application/json',
          ce_specversion: '1.0',
          ce_id: `${order}/placed`,
          ce_source: '/shop/typescript',
          ce_type: 'order.placed',
          ce_subject: order,
          ce_time: new Date().toISOString(),
        },
        value: JSON.stringify(data),
      },
      {
        key: order,
        headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
        value: JSON.stringify({
          specversion: '1.0',
          id: `${order}/paid`,
          source: '/shop/typescript',
          type: 'order.paid',
          subject: order,
          time: new Date().toISOString(),
          data,
        }),
      },
    ],
  });
} finally {
  await producer.disconnect();
}
console.log(`published order.placed and order.paid of ${order}`);

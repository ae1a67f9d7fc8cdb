import { fastify } from 'fastify';

/** The reference: bare Fastify that parses a JSON body and answers 202 without storing anything. */
const app = fastify({ logger: false });
app.post('/t/:id', (_request, reply) =>
  reply.code(202).send({ id: '0199aaaa-0000-7000-8000-000000000000', status: 'accepted' }),
);
await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ port: (app.server.address() as { port: number }).port });
process.on('disconnect', () => process.exit(0));

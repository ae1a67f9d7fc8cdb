/** What handlers need of Fastify's reply beside the body they return. */
export interface Reply {
  header(name: string, value: string): unknown;
  code(status: number): unknown;
}

import type { ClientBase, Pool } from 'pg';

/** Public integers, unique per deployment and kind; a change that fails after taking one leaves a gap. */
export async function nextNumber(
  client: Pool | ClientBase,
  kind: 'environment' | 'flow' | 'trigger' | 'endpoint' | 'token' | 'user',
): Promise<number> {
  const { rows } = await client.query<{ number: number }>({
    name: `registry:number:${kind}`,
    text: `select nextval('registry.${kind}_numbers')::int as number`,
  });
  const number = rows[0]?.number;
  if (number === undefined) throw new Error(`the sequence of ${kind} numbers gave nothing`);
  return number;
}

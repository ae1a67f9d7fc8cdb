import pg from 'pg';
import { nodeMemoryMiB, startProduct } from '../product.ts';
import type { BenchResult, Row } from '../report.ts';
import { databaseUrlOf } from './held-runner.ts';
import type { BenchArguments } from './rounds.ts';

const TRIGGERS = 100_000;

/** Copies one trigger's row many times, each with an id and a token of its own. */
const COPY = `insert into gateway.triggers
  select (jsonb_populate_record(t, to_jsonb(t) || jsonb_build_object('trigger_id', n.id, 'state', n.state,
    'changed_xid', pg_current_xact_id()))).*
  from gateway.triggers t, lateral (
    select gen_random_uuid() as id, md5(i::text) || md5((-i)::text) as hash from generate_series(1, $2::int) i) g,
    lateral (select g.id, replace(jsonb_set(jsonb_set(t.state::jsonb, '{id}', to_jsonb(g.id)),
      '{tokens,0,sha256}', to_jsonb(g.hash))::text, $1, g.id::text) as state) n
  where t.trigger_id = $1::uuid`;

async function withDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** What a table of 100,000 routes costs: memory, and time until a started gateway has it. */
export async function routes(args: BenchArguments): Promise<BenchResult> {
  const { system, targets, call } = await startProduct('standalone', { triggers: 1 });
  const rows: Row[] = [];
  const started = async (name: string): Promise<void> => {
    for (let round = 0; round < args.rounds; round++) {
      await system.stop();
      const from = performance.now();
      await system.launch();
      const seconds = (performance.now() - from) / 1000;
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      rows.push({ case: name, 'ready after s': seconds, 'Node MiB 5 s later': nodeMemoryMiB(system) });
    }
  };
  try {
    await started('1 trigger');
    const id = targets[0]?.path.split('/').at(-1) as string;
    await withDatabase(databaseUrlOf(system), (client) => client.query(COPY, [id, TRIGGERS]));
    await started(`${TRIGGERS} triggers`);
    await call('GET', '/v1/triggers');
    const count = await withDatabase(databaseUrlOf(system), async (client) => {
      const { rows: counted } = await client.query<{ n: string }>('select count(*) as n from gateway.triggers');
      return Number(counted[0]?.n);
    });
    return { conditions: `${args.rounds} starts each; gateway.triggers holds ${count} rows`, rows };
  } finally {
    await system.remove();
  }
}

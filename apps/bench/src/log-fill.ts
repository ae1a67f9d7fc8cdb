import pg from 'pg';

/** What the filled log holds: so many of each kind, spread evenly over the days, in this order of ids. */
export interface LogFill {
  stories: number;
  days: number;
  /** Midnight (UTC) after the last filled day, Unix milliseconds. */
  endMs: number;
  appId: string;
}
export const SUBJECTS = { triggers: 1_000, flows: 50, endpoints: 100, types: 20 };
const DAY_MS = 86_400_000;

/** An id of the n-th story as SQL: its time, and the rest from its number and what it is. */
const idSql = (kind: string): string =>
  `(left(t, 8) || '-' || right(t, 4) || '-8' || substr(md5(n || '${kind}'), 1, 3) || '-8' || substr(md5(n || '${kind}'), 4, 3)
    || '-' || substr(md5(n || '${kind}'), 7, 12))::uuid`;
/** The id of one of a few triggers, flows or endpoints. */
export const subjectId = (kind: string, index: number): string =>
  `00000000-0000-7000-8${kind}-${index.toString(16).padStart(12, '0')}`;
const subjectSql = (kind: string, count: number): string =>
  `('00000000-0000-7000-8${kind}-' || lpad(to_hex(n % ${count}), 12, '0'))::uuid`;
export const KINDS = { trigger: 'aaa', flow: 'bbb', endpoint: 'ccc' };
const TRIGGER = subjectSql(KINDS.trigger, SUBJECTS.triggers);
const FLOW = subjectSql(KINDS.flow, SUBJECTS.flows);
const ENDPOINT = subjectSql(KINDS.endpoint, SUBJECTS.endpoints);
/** One delivery in fifty has failed; the event types follow the number. */
const STATUS = `case when n % 50 = 7 then 'failed' else 'succeeded' end`;
const TYPE = `'order.type' || n % ${SUBJECTS.types}`;
const words = (length: number): string =>
  `left(md5(n || 'a') || ' ' || md5(n || 'b') || ' ' || md5(n || 'c') || repeat(' ' || md5(n || 'd'), 30), ${length})`;

/** The rows of a table for the stories of a day; `$app` is the app's id. */
const ROWS: Readonly<Record<string, string>> = {
  requests: `${idSql('r')}, $app, ${TRIGGER}, at,
    '{"triggerId":"' || ${TRIGGER} || '","flowId":"' || ${FLOW} || '","method":"POST","query":{},"headers":{"user-agent":"bench","x-words":"'
      || ${words(300)} || '"},"contentType":"application/json","bodySize":300,"bodySha256":"00","remoteAddress":"127.0.0.1"}',
    convert_to('{"n":' || n || ',"filler":"' || ${words(280)} || '"}', 'UTF8'), false, null, ${FLOW}`,
  runs: `${idSql('r')}, $app, n, ${FLOW}, 1, ${TRIGGER}, ${idSql('r')}, ${STATUS}, at, at + interval '5 ms', at + interval '20 ms',
    '{"eventId":"' || ${idSql('e')} || '"}', null, null`,
  steps: `${idSql('r')}, 2, 'EventEmitted', 'told', '{"ref":"told","type":"' || ${TYPE} || '","eventId":"' || ${idSql('e')} || '"}'`,
  domain_events: `${idSql('e')}, $app, ${TYPE}, ${idSql('r')}, ${idSql('r')}, at + interval '25 ms',
    '{"eventId":"' || ${idSql('e')} || '","type":"' || ${TYPE} || '","source":"/sluice/runs","subject":"' || n || '","time":"2026-01-01T00:00:00Z","data":{"n":'
      || n || ',"filler":"' || ${words(300)} || '"},"deliveries":[]}'`,
  deliveries: `${idSql('d')}, $app, ${idSql('e')}, ${TYPE}, n % ${SUBJECTS.endpoints} + 1, ${ENDPOINT}, 'Endpoint', ${idSql('r')}, ${STATUS}, 1,
    at + interval '25 ms', null, null, case when n % 50 = 7 then 500 else 200 end`,
  attempts: `${idSql('d')}, 1, at + interval '30 ms',
    '{"number":1,"at":"2026-01-01T00:00:00.000Z","durationMs":12,"request":{"method":"POST","url":"http://127.0.0.1/","headers":{"x-words":"'
      || ${words(300)} || '"},"body":"' || ${words(400)} || '"},"response":{"status":200,"headers":{},"body":"ok","truncated":false},"error":null,"outcome":"'
      || ${STATUS} || '","nextAttemptAt":null}'`,
};
const COLUMNS: Readonly<Record<string, string>> = {
  requests: 'id, app_id, trigger_id, received_at, data, body, body_truncated, trace_id, flow_id',
  runs: `id, app_id, number, flow_id, flow_version, trigger_id, request_id, status, queued_at, started_at, finished_at, result,
    error, trace_id`,
  steps: 'run_id, version, kind, ref, data',
  domain_events: 'id, app_id, type, run_id, request_id, recorded_at, data',
  deliveries: `id, app_id, event_id, event_type, endpoint_id, endpoint_uuid, endpoint_name, run_id, status, attempts, created_at,
    next_attempt_at, reason, last_status`,
  attempts: 'delivery_id, number, at, data',
};

/**
 * Fills whole days before yesterday in bulk: each day's table is filled without indexes and then attached, which builds
 * them. One row of each of six tables for a story; bodies of 300 bytes, so that ten million rows fit 6 GB.
 */
export async function fillLog(databaseUrl: string, fill: LogFill): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`set synchronous_commit = off; set maintenance_work_mem = '256MB'`);
    for (let day = 0; day < fill.days; day++) {
      const startMs = fill.endMs - (fill.days - day) * DAY_MS;
      for (const table of Object.keys(ROWS)) await fillDay(client, table, startMs, fill, day);
    }
    await client.query(`insert into delivery_log.endpoint_ids select ${ENDPOINT}, n % ${SUBJECTS.endpoints} + 1
      from generate_series(0, ${SUBJECTS.endpoints - 1}) as n on conflict do nothing`);
    for (const table of Object.keys(ROWS)) await client.query(`vacuum (freeze, analyze) delivery_log.${table}`);
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}

/** When the n-th story happened, Unix milliseconds. */
export function timeOfStory({ stories, days, endMs }: LogFill, n: number): number {
  const perDay = stories / days;
  return endMs - days * DAY_MS + Math.floor(n / perDay) * DAY_MS + Math.floor(((n % perDay) * DAY_MS) / perDay);
}

async function fillDay(client: pg.Client, table: string, startMs: number, fill: LogFill, day: number): Promise<void> {
  const perDay = Math.floor(fill.stories / fill.days);
  const name = `delivery_log.${table}_p${new Date(startMs).toISOString().slice(0, 10).replaceAll('-', '')}`;
  const bound = (ms: number) => {
    const hex = ms.toString(16).padStart(12, '0');
    return `'${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000'`;
  };
  await client.query(`create table ${name} (like delivery_log.${table} including defaults including constraints)`);
  await client.query(
    `insert into ${name} (${COLUMNS[table]}) select ${(ROWS[table] as string).replaceAll('$app', `'${fill.appId}'::uuid`)}
     from (select n, lpad(to_hex(ms), 12, '0') as t, to_timestamp(ms / 1000.0) as at from (
       select n, ${startMs}::bigint + ((n - ${day * perDay}) * ${DAY_MS}::bigint) / ${perDay} as ms
       from generate_series(${day * perDay}::bigint, ${(day + 1) * perDay - 1}::bigint) as n) a) s`,
  );
  await client.query(
    `alter table delivery_log.${table} attach partition ${name} for values from (${bound(startMs)}) to (${bound(startMs + DAY_MS)})`,
  );
}

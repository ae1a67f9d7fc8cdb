import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newId } from '@sluice/contracts';
import { startPostgres } from '@sluice/local-servers';
import { type Temporary, temporaryPostgres, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Position, StoredEvent } from './event-store.contract.ts';
import { VersionConflictError } from './event-store.errors.ts';
import { comparePositions } from './position.ts';
import { createTables, event, openStore, readUntil, withClient } from './store.fixture.ts';

type Cluster = Temporary<Awaited<ReturnType<typeof startPostgres>>>;
const TABLES = ['epochs', 'partition_floors', 'events', 'events_bodies', 'answers', 'answers_bodies'];
const COLUMNS: Record<string, string> = {
  events:
    'transaction_id, occurred_at, stream_id, version, body_size, epoch, type_version, type, partition_key, app_id, data, meta',
};
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'sluice-epoch-'));
  await chmod(dir, 0o777);
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** What pg_dump's data section does; positions are not carried over, as after a restore that forgot the sequence. */
async function copyRows(from: string, to: string): Promise<void> {
  for (const table of TABLES) {
    const file = path.join(dir, `${table}-${newId()}`);
    const columns = COLUMNS[table] ? `(${COLUMNS[table]})` : '';
    await withClient(from, (client) =>
      client.query(
        `copy (select ${COLUMNS[table] ?? '*'} from runner.${table}
           ${COLUMNS[table] ? 'order by epoch, transaction_id, position' : ''}) to '${file}'`,
      ),
    );
    await withClient(to, async (client) => {
      await client.query(`truncate runner.${table}`);
      await client.query(`copy runner.${table} ${columns} from '${file}'`);
    });
  }
}

/** Uses up transaction ids, so that a cluster's own are far above those of a younger one. */
async function age(url: string): Promise<void> {
  await withClient(url, (client) =>
    client.query('do $$ begin for i in 1..5000 loop perform pg_current_xact_id(); commit; end loop; end $$'),
  );
}

async function appendMany(url: string, type: string): Promise<StoredEvent[]> {
  const store = await openStore(url);
  const committed = await Promise.all(
    Array.from({ length: 20 }, () => store.append(newId(), 0, [event(type, {}, { body: Buffer.from(type) })])),
  );
  await store.close();
  return committed.flatMap(({ events }) => events).sort((a, b) => comparePositions(a.position, b.position));
}

async function prepare(url: string): Promise<void> {
  await withClient(url, createTables);
  await (await openStore(url)).close();
}

describe('a dump restored into a new cluster', () => {
  let old: Cluster;
  let fresh: Cluster;

  beforeAll(async () => {
    [old, fresh] = await Promise.all([temporaryPostgres(), temporaryPostgres()]);
    await prepare(old.server.url);
    await prepare(fresh.server.url);
    await age(old.server.url);
  });
  afterAll(async () => {
    await Promise.all([old.remove(), fresh.remove()]);
  });

  it('goes on behind the last event although its transaction ids begin anew: nothing lost, nothing skipped', async () => {
    const before = await appendMany(old.server.url, 'old');
    const checkpoint = before.at(-1)?.position as Position;
    await copyRows(old.server.url, fresh.server.url);
    const after = await appendMany(fresh.server.url, 'new');
    expect(after[0]?.position.transactionId).toBeLessThan(checkpoint.transactionId);
    expect(after.every(({ position }) => position.epoch === checkpoint.epoch + 1)).toBe(true);
    const store = await openStore(fresh.server.url);
    const all = await readUntil(store, null, 40);
    expect(all.map(({ type }) => type)).toEqual([...before.map(() => 'old'), ...after.map(() => 'new')]);
    expect(all.map(({ body }) => body?.toString())).toEqual(all.map(({ type }) => type));
    const next = await readUntil(store, checkpoint, 20);
    expect(next.map(({ streamId }) => streamId).sort()).toEqual(after.map(({ streamId }) => streamId).sort());
    await store.close();
  });

  it('lets readers see old events at once, whatever runs in the new cluster, and refuses what was appended before', async () => {
    const store = await openStore(fresh.server.url);
    await withClient(fresh.server.url, async (client) => {
      await client.query('begin');
      await client.query('select pg_current_xact_id()');
      const late = await store.append(newId(), 0, [event('late')]);
      const readable = await store.readAfter('runner.events', null, 500);
      expect(readable.filter(({ type }) => type === 'old')).toHaveLength(20);
      expect(readable.some(({ streamId }) => streamId === late.events[0]?.streamId)).toBe(false);
      await client.query('rollback');
      const known = readable[0] as StoredEvent;
      const again = store.append(known.streamId, 0, [event('old')]);
      await expect(again).rejects.toBeInstanceOf(VersionConflictError);
    });
    await store.close();
  });

  it('needs no new epoch for a restart, but one for the way back to the first cluster', async () => {
    const restarted = await appendMany(fresh.server.url, 'restarted');
    expect(restarted[0]?.position.epoch).toBe(2);
    await copyRows(fresh.server.url, old.server.url);
    const back = await appendMany(old.server.url, 'back');
    expect(back.every(({ position }) => position.epoch === 3)).toBe(true);
    const store = await openStore(old.server.url);
    const all = await readUntil(store, null, 81);
    expect(all.slice(-20).map(({ type }) => type)).toEqual(back.map(() => 'back'));
    await store.close();
  });

  it('is one epoch for all: processes that connect at the same time raise it once', async () => {
    await withClient(old.server.url, (client) => client.query(`insert into runner.epochs values (7, 'elsewhere')`));
    const stores = await Promise.all(Array.from({ length: 5 }, () => openStore(old.server.url)));
    const epochs = await Promise.all(
      stores.map(async (store) => (await store.append(newId(), 0, [event('A')])).events[0]?.position.epoch),
    );
    expect(epochs).toEqual([8, 8, 8, 8, 8]);
    await Promise.all(stores.map((store) => store.close()));
  });
});

describe('a recovery to an earlier point in time', () => {
  it('is a new epoch, too: what consumers outside have seen of the lost time does not hide what follows', async () => {
    const [live, copy] = [path.join(dir, 'live'), path.join(dir, 'copy')];
    const settings = { fsync: 'off', shared_buffers: '32MB' };
    let server = await startPostgres({ dir: live, settings });
    await prepare(server.url);
    await appendMany(server.url, 'kept');
    await server.stop();
    await cp(live, copy, { recursive: true, preserveTimestamps: true });
    server = await startPostgres({ dir: live, settings });
    let lost: StoredEvent[] = [];
    for (let round = 0; round < 5; round++) lost = await appendMany(server.url, 'lost');
    await server.stop();
    await writeFile(path.join(copy, 'data', 'recovery.signal'), '');
    const recovered = await startPostgres({ dir: copy, settings: { ...settings, restore_command: '/bin/false' } });
    await waitFor(() =>
      withClient(recovered.url, async (client) => {
        const { rows } = await client.query<{ recovers: boolean }>('select pg_is_in_recovery() as recovers');
        return !rows[0]?.recovers;
      }),
    );
    const after = await appendMany(recovered.url, 'after');
    const seen = lost.at(-1)?.position as Position;
    expect(after[0]?.position.transactionId).toBeLessThanOrEqual(seen.transactionId);
    expect(after.every(({ position }) => comparePositions(position, seen) > 0)).toBe(true);
    const store = await openStore(recovered.url);
    expect((await readUntil(store, null, 40)).map(({ type }) => type)).toEqual([
      ...Array.from({ length: 20 }, () => 'kept'),
      ...Array.from({ length: 20 }, () => 'after'),
    ]);
    expect(await readUntil(store, seen, 20)).toHaveLength(20);
    await store.close();
    await recovered.stop();
  });
});

import { waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type pg from 'pg';
import { Api } from '../api.ts';
import { databaseOf } from '../database.ts';
import type { Scenarios } from './all.ts';

/** Far enough that no run of the tests meets it. */
const YEARLY = '0 0 1 1 *';
const STEPS = [{ ref: 'told', type: 'set', values: '{{ trigger }}' }];

interface Run {
  id: string;
  status: string;
  queuedAt: string;
  triggerId: string | null;
}

interface Told {
  id: string;
  nextAt: string | null;
  upcoming?: string[];
  input?: unknown;
}

/** FL-08: times start runs, whichever of several runners sees that they have come. */
export const schedules: Scenarios = (use) => {
  describe('schedules', () => {
    let api: Api;
    let database: pg.Client;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'schedules');
      database = await databaseOf(use().system);
    });
    afterAll(() => database?.end());

    const runsOf = async (flowId: string): Promise<Run[]> =>
      (await api.must<{ items: Run[] }>('GET', `/v1/runs?flowId=${flowId}`)).items;

    /** As if the times of these flows had come three days ago, several times over, and nobody had been there. */
    async function missed(flowIds: string[]): Promise<string[]> {
      const ids = await waitFor(async () => {
        const { rows } = await database.query<{ id: string }>(
          'select s.id from runner.schedules s join runner.due d on d.id = s.id where s.flow_id = any($1)',
          [flowIds],
        );
        return rows.length === flowIds.length ? rows.map(({ id }) => id) : null;
      }, 60_000);
      await database.query("update runner.due set due_at = now() - interval '3 days' where id = any($1)", [ids]);
      return ids;
    }

    it('FL-08: what was missed is run once, and not once per runner: a listener’s cron and a flow’s own times', async () => {
      const listener = await api.flow(STEPS, { listener: 'tick' });
      const cron = await api.must<{ id: string }>('POST', '/app-api/v1/crons', {
        listener_name: 'tick',
        schedule: YEARLY,
        time_zone: 'Europe/Berlin',
        props: { daily: true },
      });
      const flow = await api.flow(STEPS, { schedules: [{ cron: YEARLY, timeZone: 'Asia/Tokyo', input: { n: 7 } }] });
      const ids = await missed([listener.id, flow.id]);
      expect(ids).toContain(cron.id);
      const ended = async (flowId: string) => {
        const runs = await runsOf(flowId);
        return runs.length > 0 && runs.every(({ status }) => status === 'succeeded') ? runs : null;
      };
      for (const { id } of [listener, flow]) await waitFor(() => ended(id), 60_000, 'a run of the tick');
      await waitFor(async () => {
        const { rows } = await database.query('select 1 from runner.due where id = any($1) and due_at > now()', [ids]);
        return rows.length === ids.length;
      }, 60_000);
      const [[ofListener, ...more] = [], [ofFlow, ...others] = []] = [await runsOf(listener.id), await runsOf(flow.id)];
      expect([more, others]).toEqual([[], []]);
      const told = await api.must<{ result: object }>('GET', `/v1/runs/${ofListener?.id}`);
      expect(told.result).toMatchObject({ method: 'SCHEDULE', props: { daily: true }, event: {} });
      const own = await api.must<{ input: object }>('GET', `/v1/runs/${ofFlow?.id}`);
      expect(own.input).toEqual({ n: 7 });
      // Since when it should have run is told; how long it waited is seen from that.
      expect(Date.parse(ofFlow?.queuedAt ?? '')).toBeLessThan(Date.now() - 2 * 86_400_000);
    });

    it('FL-08: what comes round next is told of a flow and of a listener, and a content type without a body is no body', async () => {
      const headers = { 'content-type': 'application/json' };
      const month = ((new Date().getUTCMonth() + 2) % 12) + 1;
      const monthly = `0 0 10 ${month} *`;
      const times = [{ cron: monthly, timeZone: 'UTC', input: { n: 7 } }];
      const flow = await api.flow(STEPS, { listener: 'told', schedules: times });
      const cron = { listener_name: 'told', schedule: monthly, time_zone: 'Asia/Tokyo' };
      const { id } = await api.must<{ id: string }>('POST', '/app-api/v1/crons', cron);
      const list = () => api.must<{ items: Told[] }>('GET', `/v1/schedules?flowId=${flow.id}`);
      const [tokyo, utc] = await waitFor(async () => {
        const { items } = await list();
        return items.length === 2 ? items : null;
      }, 60_000);
      expect([tokyo?.id, tokyo?.nextAt?.slice(8), utc?.nextAt?.slice(8)]).toEqual([
        id,
        '09T15:00:00.000Z',
        '10T00:00:00.000Z',
      ]);
      const { upcoming, input } = await api.must<Told>('GET', `/v1/schedules/${utc?.id}`);
      expect([upcoming?.length, upcoming?.[0], input]).toEqual([5, utc?.nextAt, { n: 7 }]);
      const run = await api.call<Run>('POST', `/v1/flows/${flow.id}/run`, undefined, headers);
      expect(run.status).toBe(202);
      for (const path of [`/app-api/v1/crons/${id}`, `/v1/flows/${flow.id}`]) {
        expect((await api.call('DELETE', path, undefined, headers)).status).toBe(204);
      }
      await waitFor(async () => (await list()).items.length === 0, 60_000);
    });

    it('FL-08: a cron that was deleted runs no more, and leaves nothing behind', async () => {
      await api.flow(STEPS, { listener: 'gone' });
      const sent = { listener_name: 'gone', schedule: YEARLY };
      const cron = await api.must<{ id: string }>('POST', '/app-api/v1/crons', sent);
      const left = async () => (await database.query('select 1 from runner.due where id = $1', [cron.id])).rowCount;
      await waitFor(async () => (await left()) === 1, 60_000);
      await api.must('DELETE', `/app-api/v1/crons/${cron.id}`);
      expect(await waitFor(async () => ((await left()) === 0 ? 'nothing' : null), 30_000)).toBe('nothing');
    });
  });
};

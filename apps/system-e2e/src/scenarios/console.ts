import { beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

/** The console is served where everything else is, and a browser signs in there. Its screens have tests of their own. */
export const consoleSite: Scenarios = (use) => {
  describe('CO-01, CO-02: the console', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'console');
    });

    it('is at /console/, where `/` leads, with its policy; each screen has an address', async () => {
      const { url } = use().system;
      const root = await fetch(`${url}/`, { redirect: 'manual' });
      expect([root.status, root.headers.get('location')]).toEqual([302, '/console/']);
      for (const path of ['/console/', `/console/apps/${api.appId}/flows?q=x`]) {
        const page = await fetch(url + path);
        expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-cache']);
        expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
        const [, script = ''] = /src="([^"]+\.js)"/.exec(await page.text()) ?? [];
        const file = await fetch(url + script);
        expect([file.status, file.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
        expect(file.headers.get('cache-control')).toContain('immutable');
        await file.arrayBuffer();
      }
    });

    it('a token is turned into the cookie of a session, which is only good with its site’s Origin', async () => {
      const { url, adminToken } = use().system;
      const signedIn = await api.call('POST', '/v1/sessions', { token: adminToken }, { authorization: '' });
      expect(signedIn.status).toBe(201);
      const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
      const current = await fetch(`${url}/v1/sessions/current`, { headers: { cookie } });
      expect([current.status, await current.json()]).toMatchObject([200, { user: { roles: [{ appId: null }] } }]);
      const end = (origin: string): Promise<Response> =>
        fetch(`${url}/v1/sessions/current`, { method: 'DELETE', headers: { cookie, origin } });
      expect((await end('https://evil.example')).status).toBe(403);
      expect((await end(url)).status).toBe(204);
    });
  });
};

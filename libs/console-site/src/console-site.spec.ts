import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConsoleSite, type SiteAnswer } from './console-site.ts';

const SCRIPT = 'console.log("a long enough script")';
let directory: string;
let site: ConsoleSite;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'sluice-site-'));
  mkdirSync(path.join(directory, 'assets'));
  mkdirSync(path.join(directory, '.vite'));
  writeFileSync(path.join(directory, 'index.html'), '<!doctype html><div id="root"></div>');
  writeFileSync(path.join(directory, 'assets', 'index-abc.js'), SCRIPT);
  writeFileSync(path.join(directory, 'assets', 'index-abc.js.gz'), gzipSync(SCRIPT));
  writeFileSync(path.join(directory, '.vite', 'license.md'), 'licences');
  site = new ConsoleSite(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const get = (
  url: string,
  more: { method?: string; acceptEncoding?: string; ifNoneMatch?: string } = {},
): SiteAnswer => {
  const { method = 'GET', acceptEncoding, ifNoneMatch } = more;
  const answer = site.answer({ method, url, acceptEncoding, ifNoneMatch });
  if (!answer) throw new Error(`${url} is not ours`);
  return answer;
};

test('CO-02: every screen has an address, and all of them are the one page, which is asked for anew each time', () => {
  for (const url of [
    '/console/',
    '/console/apps/1/flows?q=a%20b',
    '/console/index.html',
    '/console/..%2f..%2fetc/passwd',
  ]) {
    const { status, headers, body } = get(url);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers['cache-control']).toBe('no-cache');
    expect(String(body)).toContain('id="root"');
  }
});

test('CO-02: `/` and `/console` lead there; everything else is somebody else’s', () => {
  expect(get('/').headers.location).toBe('/console/');
  expect(get('/console').headers.location).toBe('/console/');
  for (const url of ['/v1/apps', '/consoles', '/t/1', '//console/'])
    expect(site.answer({ method: 'GET', url, acceptEncoding: undefined, ifNoneMatch: undefined })).toBeNull();
  expect(
    site.answer({ method: 'POST', url: '/console/', acceptEncoding: undefined, ifNoneMatch: undefined }),
  ).toBeNull();
});

test('CO-02: a hashed file is kept for ever, compressed where that is wanted, and not sent again', () => {
  const plain = get('/console/assets/index-abc.js');
  expect(plain.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
  });
  expect(String(plain.body)).toBe(SCRIPT);
  const small = get('/console/assets/index-abc.js', { acceptEncoding: 'br, gzip;q=0.8' });
  expect([small.headers['content-encoding'], small.body]).toEqual(['gzip', gzipSync(SCRIPT)]);
  expect(get('/console/assets/index-abc.js', { acceptEncoding: 'gzip;q=0' }).headers).not.toHaveProperty(
    'content-encoding',
  );
  const again = get('/console/assets/index-abc.js', { ifNoneMatch: `"x", ${plain.headers.etag}` });
  expect([again.status, again.body]).toEqual([304, '']);
});

test('CO-02: a file of a version before is 404, not the page: a script that is HTML breaks in silence', () => {
  expect(get('/console/assets/index-old.js')).toMatchObject({ status: 404 });
  expect(String(get('/console/.vite/license.md').body)).toContain('id="root"');
});

test('CO-02: every answer brings the policy and the headers beside it', () => {
  for (const url of ['/', '/console/', '/console/assets/index-abc.js', '/console/assets/none.js']) {
    expect(get(url).headers).toMatchObject({
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
  }
});

test('without the built files it says how to build them', () => {
  const unbuilt = new ConsoleSite(path.join(directory, 'nowhere'));
  const answer = unbuilt.answer({ method: 'GET', url: '/console/', acceptEncoding: undefined, ifNoneMatch: undefined });
  expect(answer?.status).toBe(503);
  expect(String(answer?.body)).toContain('npm run build');
});

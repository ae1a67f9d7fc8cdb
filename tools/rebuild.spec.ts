import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A deployment that knows these rebuilds, and what it was asked for. */
async function deploymentWith(items: unknown[]): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ items }));
  }).listen(0, '127.0.0.1');
  open.push(() => server.close());
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const run = (tool: string, args: readonly string[], token = 'secret') =>
  promisify(execFile)(process.execPath, [path.join(import.meta.dirname, tool), ...args], {
    env: { ...process.env, SLUICE_ADMIN_TOKEN: token },
    timeout: 60_000,
  });
const command = (...args: string[]) => run('rebuild.mjs', args);

describe.each([
  ['rebuild.mjs', ['all']],
  ['reseal.mjs', []],
])('OP-01: the arguments of %s', (tool, needed) => {
  it.each([['--help'], ['-h']])('%s prints usage and exit codes, and asks nobody', async (argument) => {
    const { stdout, stderr } = await run(tool, [argument], '');
    expect(stdout).toMatch(/^usage: SLUICE_ADMIN_TOKEN=… npm run [^]*\nExit codes: 0 done, 1 /);
    expect(stderr).toBe('');
  });

  it.each([
    [['http://127.0.0.1:9', 'now'], 'secret', 'there is no argument "now"\n'],
    [['--fast'], 'secret', '"--fast" is no address of a deployment'],
    [['ftp://127.0.0.1'], 'secret', '"ftp://127.0.0.1" is no address of a deployment'],
    [['http://127.0.0.1:9'], '', 'SLUICE_ADMIN_TOKEN is not set'],
  ])('what is wrong is named before the usage: %j with the token %j', async (args, token, said) => {
    const failure = await run(tool, [...needed, ...args], token).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 1, stdout: '' });
    expect((failure as { stderr: string }).stderr).toMatch(new RegExp(`^${said}[^]*usage: `));
  });
});

describe('LG-05: npm run rebuild -- cancel', () => {
  it('ends the one that runs, whichever it is', async () => {
    const running = { id: '2', projection: 'stats', state: 'running' };
    const { url, asked } = await deploymentWith([{ id: '1', projection: 'runs', state: 'done' }, running]);
    const { stdout } = await command('cancel', url);
    expect(stdout).toContain('stats: is cancelled, the live one stays');
    expect(asked).toEqual(['GET /v1/rebuilds Bearer secret', 'POST /v1/rebuilds/2/cancel Bearer secret']);
  });

  it('says so and fails when none runs', async () => {
    const { url, asked } = await deploymentWith([{ id: '1', projection: 'runs', state: 'done' }]);
    await expect(command('cancel', url)).rejects.toMatchObject({ code: 1, stderr: /none is running/ });
    expect(asked).toHaveLength(1);
  });
});

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { startPostgres } from '@sluice/local-servers';
import { waitFor } from '@sluice/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isRunning, looksLikeAMessage, oldPostgres, Place, type ProgramOptions } from './program.ts';

/** Starts standalone, expects it to refuse, and gives back what it said. */
async function refused(place: Place, options: ProgramOptions): Promise<string> {
  const program = place.start('standalone', options);
  const code = await program.exit;
  const output = program.output();
  expect([code, looksLikeAMessage(output), output]).toEqual([1, true, output]);
  expect(place.processes()).toEqual([]);
  return output;
}

describe('OP-01: what an operator gets wrong is one message, exit code 1, and nothing left running', {
  concurrent: true,
}, () => {
  it('PORT that is taken', async () => {
    const place = new Place();
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const { port } = squatter.address() as { port: number };
    expect(await refused(place, { env: { PORT: String(port) } })).toBe(
      `PORT: ${port} is taken by another program; choose another with PORT=… (0 picks a free one)\n`,
    );
    squatter.close();
    await place.remove();
  });

  it.each(['203.0.113.9', 'no.such.host.invalid'])('HOST that is none of this machine: %s', async (host) => {
    const place = new Place();
    expect(await refused(place, { env: { HOST: host } })).toMatch(
      new RegExp(`^HOST: ${host} is no address of this machine`),
    );
    await place.remove();
  });

  it('SLUICE_DATA_DIR that is a file, below a file, or below what takes no entries', async () => {
    const place = new Place();
    const file = path.join(place.dir, 'file');
    writeFileSync(file, '');
    for (const data of [file, path.join(file, 'below'), '/proc/sluice']) {
      const said = await refused(place, { env: { SLUICE_DATA_DIR: data } });
      expect(said).toContain(`the data directory ${data} cannot be used`);
      expect(said).toContain('SLUICE_DATA_DIR');
    }
    await place.remove();
  });

  it('a data directory of a newer version, which is left as it is', async () => {
    const place = new Place();
    mkdirSync(place.data);
    writeFileSync(path.join(place.data, 'layout'), '99\n');
    expect(await refused(place, {})).toMatch(/was written by a newer version of Sluice \(layout 99/);
    expect(existsSync(path.join(place.data, 'postgres'))).toBe(false);
    await place.remove();
  });

  it.each([
    [
      'nobody listens',
      'postgres://u:s3cr3tword@127.0.0.1:1/x',
      /^SLUICE_DATABASE_URL: PostgreSQL at 127.0.0.1:1 .*start it/,
    ],
    ['no such host', 'postgres://u:s3cr3tword@no.such.host.invalid/x', /^SLUICE_DATABASE_URL: .*correct the host name/],
  ])('SLUICE_DATABASE_URL where %s', async (_name, url, message) => {
    const place = new Place();
    const said = await refused(place, { env: { SLUICE_DATABASE_URL: url } });
    expect(said).toMatch(message);
    expect(said).not.toContain('s3cr3tword');
    await place.remove();
  });

  it('PostgreSQL 15: too old', async () => {
    const place = new Place();
    const stub = await oldPostgres('150013', '15.13 (Debian 15.13-0+deb12u1)');
    expect(await refused(place, { env: { SLUICE_DATABASE_URL: stub.url } })).toMatch(
      /^SLUICE_DATABASE_URL: PostgreSQL is 15.13 .*Sluice needs 17 or newer/,
    );
    await stub.close();
    await place.remove();
  });

  it('several settings at once, misspelt, out of range and unreadable: each named, no secret shown', async () => {
    const place = new Place();
    const said = await refused(place, {
      env: {
        SLUICE_LOG_LEVL: 'debug',
        PORT: '99999',
        SLUICE_PUBLIC_URL: 'ftp://x',
        SLUICE_ENCRYPTION_KEYS: 'k1:s3cr3tword',
        SLUICE_ADMIN_TOKEN_FILE: path.join(place.dir, 'nowhere'),
        SLUICE_OUTBOUND_ALLOW: '10.0.0.0/99',
        SLUICE_DEMO: 'perhaps',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
      },
    });
    expect(said).toContain('the configuration has 8 problems');
    for (const part of [
      'SLUICE_LOG_LEVL is not a setting; did you mean SLUICE_LOG_LEVEL?',
      'PORT must be a whole number from 0 to 65535, not "99999"',
      'SLUICE_PUBLIC_URL must begin with http:// or https://',
      'SLUICE_ENCRYPTION_KEYS must be id:base64key',
      'SLUICE_ADMIN_TOKEN_FILE names',
      'SLUICE_OUTBOUND_ALLOW must be CIDR blocks',
      'SLUICE_DEMO must be on or off',
      'OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://collector:4318, not "collector:4318"',
    ])
      expect(said).toContain(part);
    expect(said).not.toContain('s3cr3tword');
    expect(existsSync(place.data)).toBe(false);
    await place.remove();
  });

  it('a .env file is read, what the environment says is stronger, and a directory in its place is told', async () => {
    const place = new Place();
    writeFileSync(path.join(place.dir, '.env'), 'SLUICE_ADMIN_TOKEN=short\nPORT=70000\n');
    const said = await refused(place, { env: { PORT: '0' } });
    expect(said).toContain('the configuration has 1 problem:');
    expect(said).toContain('SLUICE_ADMIN_TOKEN must have at least 32 characters');
    rmSync(path.join(place.dir, '.env'));
    mkdirSync(path.join(place.dir, '.env'));
    expect(await refused(place, {})).toContain('.env cannot be read');
    await place.remove();
  });

  it('arguments: --help explains and ends with 0, anything else ends with 2', async () => {
    const place = new Place();
    for (const [argument, code, start] of [
      ['--help', 0, 'Usage: npm start'],
      ['-h', 0, 'Usage: npm start'],
      ['--fast', 2, 'There is no argument "--fast".\nUsage: npm start'],
      ['start', 2, 'There is no argument "start".\nUsage: npm start'],
    ] as const) {
      const program = place.start('standalone', { args: [argument] });
      expect([argument, await program.exit]).toEqual([argument, code]);
      expect(program.output().slice(0, start.length)).toBe(start);
    }
    await place.remove();
  });
});

describe('an external PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let server: Place;
  let place: Place;
  beforeAll(async () => {
    server = new Place();
    postgres = await startPostgres({ dir: path.join(server.dir, 'server') });
  });
  afterAll(async () => {
    await postgres.stop();
    await server.remove();
  });
  beforeEach(() => {
    place = new Place();
  });
  afterEach(() => place.remove());

  const at = (change: (url: URL) => void): string => {
    const url = new URL(postgres.url);
    change(url);
    return url.href;
  };

  it('a wrong password and a database that does not exist are told with what to do', async () => {
    const wrong = at((url) => (url.password = 'wr0ngword'));
    const said = await refused(place, { env: { SLUICE_DATABASE_URL: wrong } });
    expect(said).toMatch(/^SLUICE_DATABASE_URL: .*password authentication failed.*correct user and password/);
    expect(said).not.toContain('wr0ngword');
    const missing = at((url) => (url.pathname = '/nowhere'));
    expect(await refused(place, { env: { SLUICE_DATABASE_URL: missing } })).toMatch(/"nowhere" does not exist; create/);
  });

  it('from a file: SLUICE_DATABASE_URL_FILE; data of a newer version is refused, and is told of which service', async () => {
    const file = path.join(place.dir, 'url');
    writeFileSync(file, `${postgres.url}\n`, { mode: 0o600 });
    const program = place.start('standalone', { env: { SLUICE_DATABASE_URL_FILE: file } });
    await program.becomesReady();
    expect(Object.keys(place.pids())).toEqual(['standalone']);
    program.kill('SIGTERM');
    expect(await program.exit).toBe(0);
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query("insert into gateway.migrations (timestamp, name) values (9999999999999, 'Later9999999999999')");
    await client.end();
    expect(await refused(place, { env: { SLUICE_DATABASE_URL_FILE: file } })).toContain(
      'the data of gateway is of a newer version (Later9999999999999)',
    );
  });
});

describe('standalone as its operator runs it', () => {
  let place: Place;
  beforeEach(() => {
    place = new Place();
  });
  afterEach(() => place.remove());

  it('two on one data directory: the second is told who has it; after kill -9 of everything the next start clears up', async () => {
    const first = place.start('standalone');
    const url = await first.becomesReady();
    const second = place.start('standalone', { env: { PORT: new URL(url).port } });
    expect(await second.exit).toBe(1);
    expect(second.output()).toMatch(new RegExp(`^another Sluice is running on ${place.data} \\(pid ${first.pid}, `));
    expect(looksLikeAMessage(second.output())).toBe(true);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    const { postgres } = place.pids();
    process.kill(first.pid, 'SIGKILL');
    process.kill(Number(postgres), 'SIGKILL');
    await first.exit;
    const third = place.start('standalone');
    await third.becomesReady();
    third.kill('SIGTERM');
    expect(await third.exit).toBe(0);
    await waitFor(() => place.processes().length === 0, 30_000, 'the end of every process');
    expect(existsSync(path.join(place.data, 'pids.json'))).toBe(false);
    expect(existsSync(path.join(place.data, 'lock.json'))).toBe(false);
  });

  it('SLUICE_OUTBOUND_ALLOW set but empty: the demo is left out with a line', async () => {
    const program = place.start('standalone', { env: { SLUICE_OUTBOUND_ALLOW: '', SLUICE_DEMO: 'on' } });
    await program.becomesReady();
    await waitFor(() => program.output().includes("administrator's token, shown only this once"));
    expect(program.output()).toContain('The demo is left out: SLUICE_OUTBOUND_ALLOW');
    expect(program.output()).not.toContain('curl');
    expect(program.output()).not.toContain('Warning');
  });

  it('a demo that cannot be set up is a line, and everything else starts', async () => {
    mkdirSync(place.data);
    writeFileSync(path.join(place.data, 'demo.json'), '{"appId":');
    const program = place.start('standalone', { env: { SLUICE_DEMO: 'on' } });
    const url = await program.becomesReady();
    expect(program.output()).toMatch(/The demo is left out: .*demo.json cannot be read .*remove it/);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it('a first start that was killed before it noted its demo does not stand in the way of the next', async () => {
    const first = place.start('standalone', { env: { SLUICE_DEMO: 'on' } });
    await first.becomesReady();
    first.kill('SIGTERM');
    await first.exit;
    rmSync(path.join(place.data, 'demo.json'));
    rmSync(path.join(place.data, 'admin-token.sha256'));
    const second = place.start('standalone', { env: { SLUICE_DEMO: 'on' } });
    const url = await second.becomesReady();
    const curl = await waitFor(() => /curl .*\/t\/(\S+) -H '(Authorization): ([^']+)'/.exec(second.output()));
    const answer = await fetch(`${url}/t/${curl[1]}`, { method: 'POST', headers: { authorization: String(curl[3]) } });
    expect(answer.status).toBe(202);
    await waitFor(() => second.output().includes('signature valid'), 60_000, 'the delivery');
  });

  it('OP-02: Ctrl-C reaches the whole process group of npm start: all gone within 25 s, PostgreSQL stopped cleanly', async () => {
    const program = place.npmStart({});
    const url = await program.becomesReady();
    const pids = Object.values(place.pids());
    expect(pids.filter(isRunning)).toHaveLength(2);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const pressedAt = Date.now();
    program.kill('SIGINT');
    await program.exit;
    await waitFor(() => place.processes().length === 0, 25_000 - (Date.now() - pressedAt), 'the end of every process');
    expect(pids.filter(isRunning)).toEqual([]);
    expect(existsSync(path.join(place.data, 'pids.json'))).toBe(false);
    expect(existsSync(path.join(place.data, 'postgres', 'data', 'postmaster.pid'))).toBe(false);
  });
});

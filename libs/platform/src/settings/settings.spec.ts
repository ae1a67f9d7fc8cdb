import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEFAULT_BODY_LIMITS } from '@sluice/request-body';
import { selfSigned } from '@sluice/testing';
import { describe, expect, it } from 'vitest';
import { describeSettings, environmentWithDotEnv, loadSettings, SettingsError } from './settings.ts';

const problemsOf = (
  environment: Record<string, string>,
  required: Parameters<typeof loadSettings>[1] = [],
): readonly string[] => {
  try {
    loadSettings(environment, required);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
};
const KEY = Buffer.alloc(32, 7).toString('base64');

/** Name, least, most; the unit of durations in milliseconds. */
const REQUEST_LIMITS: readonly [string, number, number, number?][] = [
  ['SLUICE_MAX_BODY_BYTES', 1_024, 1_048_576],
  ['SLUICE_MAX_BODY_DEPTH', 1, 64],
  ['SLUICE_MAX_BODY_KEYS', 1, 100_000],
  ['SLUICE_MAX_FORM_FIELDS', 1, 10_000],
  ['SLUICE_MAX_MULTIPART_PARTS', 1, 1_000],
  ['SLUICE_MAX_BODY_RATIO', 1, 1_000],
  ['SLUICE_MAX_HEADER_BYTES', 4_096, 65_536],
  ['SLUICE_REQUEST_TIMEOUT', 1, 120, 1_000],
];

describe('settings', () => {
  it('have defaults that work with nothing set', () => {
    const settings = loadSettings({});
    expect(settings).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      publicUrl: 'http://127.0.0.1:8080',
      kafka: null,
      outboundAllow: null,
    });
  });

  it('LG-04: say how long events are kept, for all services and for some', () => {
    const daysOf = (value: string) => loadSettings({ SLUICE_RETENTION_DAYS: value }).retentionDays;
    expect(loadSettings({}).retentionDays).toEqual(daysOf('30'));
    expect(daysOf('7, runner=90,gateway=0')).toEqual({
      gateway: 0,
      registry: 7,
      runner: 90,
      dispatcher: 7,
      'delivery-log': 7,
    });
    const wrong = ['', '-1', '30d', '40000', 'runner=3', '30,walker=3', '30,runner=', '30,runner=1=2'];
    const refused = wrong.filter((each) =>
      problemsOf({ SLUICE_RETENTION_DAYS: each })[0]?.includes('must be days[,service=days…]'),
    );
    expect(refused).toEqual(wrong);
  });

  it('RG-07: name the first administrator by address and password together', () => {
    expect(problemsOf({ SLUICE_ADMIN_EMAIL: 'ada' })[0]).toContain('must be an e-mail address');
    expect(problemsOf({ SLUICE_ADMIN_EMAIL: 'ada@example.org' })[0]).toContain('go together');
    expect(problemsOf({ SLUICE_ADMIN_EMAIL: 'ada@example.org', SLUICE_ADMIN_PASSWORD: 'twelve chars' })).toEqual([]);
  });

  it('FL-07: say how many runs of each app may be under way, with exceptions by id', () => {
    const app = '00000000-0000-7000-8000-00000000da00';
    const of = (text: string) => loadSettings({ SLUICE_APP_CONCURRENCY: text }).runsPerApp;
    expect(loadSettings({}).runsPerApp).toEqual({ each: null, ofApp: {} });
    expect(of('100')).toEqual({ each: 100, ofApp: {} });
    expect(of(`100, ${app.toUpperCase()}=20`)).toEqual({ each: 100, ofApp: { [app]: 20 } });
    expect(of(`${app}=off`)).toEqual({ each: null, ofApp: { [app]: null } });
    for (const wrong of ['0', '-1', '1.5', 'many', '10,20', 'default=3', `${app}=`, '2000000', '']) {
      expect(problemsOf({ SLUICE_APP_CONCURRENCY: wrong })[0]).toContain('SLUICE_APP_CONCURRENCY must be');
    }
  });

  it('GW-07: bound one request, by default as the specification says', () => {
    const defaults = loadSettings({}).requestLimits;
    expect(defaults).toEqual({
      maxBodyBytes: 1_048_576,
      maxBodyRatio: 100,
      maxHeaderBytes: 16_384,
      requestTimeoutMs: 15_000,
      body: DEFAULT_BODY_LIMITS,
    });
    const limitsOf = (name: string, text: string) => JSON.stringify(loadSettings({ [name]: text }).requestLimits);
    for (const [name, least, most, unit = 1] of REQUEST_LIMITS) {
      const [first, last] = unit === 1 ? [String(least), String(most)] : [`PT${least}S`, `PT${most}S`];
      expect([name, limitsOf(name, first)]).toEqual([name, expect.stringMatching(`:${least * unit}[,}]`)]);
      expect([name, limitsOf(name, last)]).toEqual([name, expect.stringMatching(`:${most * unit}[,}]`)]);
      const beyond = unit === 1 ? [least - 1, most + 1, '', '1e3', '10.5', 'off'] : ['PT0.9S', 'PT121S', '15', 'off'];
      for (const text of beyond) expect(problemsOf({ [name]: String(text) })[0]).toContain(`${name} must be`);
    }
    expect(problemsOf({ SLUICE_MAX_BODY_BYTES: '1048577' })).toEqual([
      'SLUICE_MAX_BODY_BYTES must be a whole number from 1024 to 1048576 (what the steps of a run may hold is 1 MiB), not "1048577"',
    ]);
  });

  it('report every problem at once, each naming its setting', () => {
    const problems = problemsOf(
      { PORT: '70000', SLUICE_LOG_LEVEL: 'loud', SLUICE_DATABASE_URL: 'mysql://x', SLUICE_ENCRYPTION_KEYS: 'a:short' },
      ['SLUICE_ADMIN_TOKEN'],
    );
    expect(problems.map((each) => each.split(' ')[0])).toEqual([
      'PORT',
      'SLUICE_DATABASE_URL',
      'SLUICE_ADMIN_TOKEN',
      'SLUICE_ENCRYPTION_KEYS',
      'SLUICE_LOG_LEVEL',
    ]);
  });

  it('LG-04: what the delivery log keeps, as an age and bytes, for some apps otherwise', () => {
    const app = '019ab000-0000-7000-8000-000000000001';
    const { logRetention } = loadSettings({
      SLUICE_LOG_RETENTION: 'P2W',
      SLUICE_LOG_RETENTION_BYTES: 'off',
      SLUICE_LOG_RETENTION_APP_BYTES: '512MiB',
      SLUICE_LOG_RETENTION_APPS: `${app}=P7D/2GiB`,
    });
    expect(logRetention).toEqual({
      days: 14,
      totalBytes: null,
      appBytes: 512 * 2 ** 20,
      apps: { [app]: { days: 7, bytes: 2 * 2 ** 30 } },
    });
    for (const [name, text] of [
      ['SLUICE_LOG_RETENTION', 'PT1H'],
      ['SLUICE_LOG_RETENTION_BYTES', '20'],
      ['SLUICE_LOG_RETENTION_APPS', 'default=P7D'],
      ['SLUICE_LOG_RETENTION_APPS', `${app}=`],
    ] as const) {
      expect(problemsOf({ [name]: text })[0]).toContain(name);
    }
  });

  it('refuse a misspelt name and suggest the right one', () => {
    expect(problemsOf({ SLUICE_KAFKA_BROKER: 'a:1' })).toEqual([
      'SLUICE_KAFKA_BROKER is not a setting; did you mean SLUICE_KAFKA_BROKERS?',
    ]);
  });

  it('read secrets from files, and refuse a file that is not there or a value given twice', () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'settings-'));
    const file = path.join(dir, 'token');
    writeFileSync(file, `${'t'.repeat(40)}\n`);
    expect(loadSettings({ SLUICE_ADMIN_TOKEN_FILE: file }).adminToken).toBe('t'.repeat(40));
    expect(problemsOf({ SLUICE_ADMIN_TOKEN_FILE: path.join(dir, 'none') })[0]).toContain('cannot be read (ENOENT)');
    expect(problemsOf({ SLUICE_ADMIN_TOKEN_FILE: file, SLUICE_ADMIN_TOKEN: 't'.repeat(40) })[0]).toContain('both set');
  });

  it('come from a .env file too, below the environment', () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'settings-')), '.env');
    writeFileSync(file, 'PORT=9000\nHOST=127.0.0.2\n');
    expect(loadSettings(environmentWithDotEnv({ PORT: '9001' }, file))).toMatchObject({
      port: 9001,
      host: '127.0.0.2',
    });
  });

  it.each([
    ['SLUICE_OUTBOUND_ALLOW', '10.0.0.0/33'],
    ['SLUICE_TRUSTED_PROXIES', '300.1.1.1'],
    ['SLUICE_OUTBOUND_PROXY', 'socks5://proxy.example:1080'],
    ['SLUICE_OUTBOUND_PROXY', 'http://proxy.example:3128/path'],
    ['SLUICE_OUTBOUND_PROXY_EXCEPT', 'example.org,http://x'],
    ['SLUICE_OUTBOUND_PROXY_EXCEPT', '10.0.0.0/33'],
    ['SLUICE_OUTBOUND_PROXY_RESOLVE', 'there'],
    ['SLUICE_OUTBOUND_CA', 'a certificate'],
    ['SLUICE_OUTBOUND_CA', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
    ['SLUICE_ETL_HEADER_PREFIX', 'X Shop'],
    ['SLUICE_ETL_HEADER_PREFIX', 'X-Shop-'],
    ['SLUICE_ETL_HEADER_PREFIX', 'Webhook'],
    ['SLUICE_ETL_HEADER_PREFIX', 'X-Shop-Hook,shop=X-Own'],
    ['SLUICE_ETL_HEADER_PREFIX', 'X-Shop-Hook,00000000-0000-8000-8000-0000000000A1=Content'],
    ['SLUICE_KAFKA_BROKERS', 'localhost'],
    ['SLUICE_KAFKA_CA', 'a certificate'],
    ['SLUICE_PUBLIC_URL', 'hooks.example.org'],
    ['SLUICE_ADMIN_TOKEN', 'short'],
    ['PORT', '80x'],
    ['SLUICE_ENCRYPTION_KEYS', `a:${KEY},a:${KEY}`],
  ])('refuse %s=%s', (name, value) => {
    expect(problemsOf({ [name]: value })[0]).toMatch(new RegExp(`^${name} `));
  });

  it('name an authority of the brokers, which is for TLS, and never show credentials', () => {
    const { cert } = selfSigned('kafka.example');
    const kafka = { SLUICE_KAFKA_BROKERS: 'kafka.example:9093', SLUICE_KAFKA_CA: cert };
    expect(problemsOf(kafka)[0]).toContain('SLUICE_KAFKA_SSL=on');
    const sasl = {
      SLUICE_KAFKA_SASL_MECHANISM: 'scram-sha-512',
      SLUICE_KAFKA_SASL_USERNAME: 'sluice',
      SLUICE_KAFKA_SASL_PASSWORD: 'hush-hush',
    };
    const settings = loadSettings({ ...kafka, ...sasl, SLUICE_KAFKA_SSL: 'on' });
    expect(settings.kafka).toMatchObject({ ssl: true, extraCa: cert.trim(), sasl: { password: 'hush-hush' } });
    const shown = describeSettings(settings);
    expect(shown.kafka).toMatchObject({ ssl: true, extraCa: 'set', sasl: 'set' });
    expect(JSON.stringify(shown)).not.toContain('hush-hush');
  });

  it('DL-12: name the proxy, its exceptions and the prefix of headers; its password is never shown', () => {
    const settings = loadSettings({
      SLUICE_OUTBOUND_PROXY: 'http://shop:hush@proxy.example:3128',
      SLUICE_OUTBOUND_PROXY_EXCEPT: 'example.org, .corp, 10.0.0.0/8, fd00::/8, *',
      SLUICE_ETL_HEADER_PREFIX: 'X-Shop-Hook, 00000000-0000-8000-8000-0000000000A1=X-Own',
    });
    const except = ['example.org', '.corp', '10.0.0.0/8', 'fd00::/8', '*'];
    const url = 'http://shop:hush@proxy.example:3128';
    expect(settings.outbound).toEqual({ proxy: { url, except, resolve: 'here' }, extraCa: null });
    expect(settings.etlPrefix).toBe('X-Shop-Hook');
    expect(settings.etlPrefixOfApp).toEqual({ '00000000-0000-8000-8000-0000000000a1': 'X-Own' });
    expect(JSON.stringify(describeSettings(settings))).not.toContain('hush');
    expect(loadSettings({}).outbound.proxy).toBeNull();
  });

  it('are shown with secrets as set or unset', () => {
    const shown = JSON.stringify(
      describeSettings(loadSettings({ SLUICE_ADMIN_TOKEN: 'x'.repeat(32), SLUICE_ENCRYPTION_KEYS: `k1:${KEY}` })),
    );
    expect(shown).not.toContain('x'.repeat(32));
    expect(shown).not.toContain(KEY);
    expect(shown).toContain('"adminToken":"set"');
    expect(shown).toContain('"encryptionKeys":["k1"]');
  });
});

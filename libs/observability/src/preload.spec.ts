import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

const fileUrl = (name: string): string => pathToFileURL(path.join(import.meta.dirname, name)).href;

/** Runs a program with the preload that traces one piece of work; `end` is what it does at its end. */
function run(environment: Record<string, string>, end = '') {
  const script = `
    const { startWork } = await import(${JSON.stringify(fileUrl('tracing.ts'))});
    const { flushTracing } = await import(${JSON.stringify(fileUrl('flush-tracing.ts'))});
    startWork('x').end();
    ${end}`;
  const imports = ['loaded-modules.fixture.ts', 'preload.ts'].flatMap((name) => ['--import', fileUrl(name)]);
  return spawnSync(process.execPath, [...imports, '--input-type=module', '--eval', script], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...environment },
  });
}

function openTelemetryPackages(environment: Record<string, string>): string[] {
  const { stdout, stderr } = run(environment);
  expect(stderr).toBe('');
  const urls = JSON.parse(stdout) as string[];
  expect(urls.some((url) => url.endsWith('tracing.ts'))).toBe(true);
  return [...new Set(urls.map((url) => /node_modules\/(@opentelemetry\/[^/]+)/.exec(url)?.[1] ?? ''))].filter(Boolean);
}

describe('OP-01: the preload', () => {
  it.each([
    ['nothing is set', {}],
    ['the SDK is switched off', { OTEL_SDK_DISABLED: 'true', OTEL_TRACES_EXPORTER: 'otlp' }],
    ['traces go nowhere', { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }],
  ] as const)('loads no SDK when %s', (_, environment) => {
    expect(openTelemetryPackages(environment)).toEqual(['@opentelemetry/api']);
  });

  it.each([
    ['an exporter is named', { OTEL_TRACES_EXPORTER: 'otlp' }],
    ['there is a collector', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }],
  ] as const)('loads it when %s', (_, environment) => {
    expect(openTelemetryPackages(environment)).toContain('@opentelemetry/sdk-node');
  });

  it('tells of a collector that is away, and ends the process all the same', () => {
    const { status, stderr } = run(
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
      'await flushTracing(); process.exit(0);',
    );
    expect(status).toBe(0);
    expect(stderr).toContain('the last traces could not be sent');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('leaves nothing behind that ends or holds a process that does not flush', () => {
    const { status, stderr } = run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    expect([status, stderr]).toEqual([0, '']);
  });
});

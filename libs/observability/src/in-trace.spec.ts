import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

function idsOfLogLines(environment: Record<string, string>): { traceId: string | null; seen: string[] } {
  const here = import.meta.dirname;
  const preload = pathToFileURL(path.join(here, 'preload.ts')).href;
  const ran = spawnSync(process.execPath, ['--import', preload, path.join(here, 'in-trace.fixture.ts')], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...environment },
  });
  expect(ran.stderr).toBe('');
  return JSON.parse(ran.stdout) as { traceId: string | null; seen: string[] };
}

it('OP-01: what is logged inside a trace carries its id, what comes after does not', () => {
  const { traceId, seen } = idsOfLogLines({ OTEL_TRACES_EXPORTER: 'otlp' });
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(seen).toEqual([traceId, 'none', 'none']);
});

it('OP-01: without an exporter it only runs', () => {
  expect(idsOfLogLines({})).toEqual({ traceId: null, seen: ['none', 'none', 'none'] });
});

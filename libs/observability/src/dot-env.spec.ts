import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { takeFromDotEnv } from './dot-env.ts';

it('OP-01: OTEL_* is accepted from a .env file, behind what is set, and nothing else is taken', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'sluice-dot-env-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = path.join(dir, '.env');
  writeFileSync(file, 'OTEL_TRACES_EXPORTER=otlp\nOTEL_SERVICE_NAME="of the file"\nSLUICE_LOG_LEVEL=warn\n');
  const environment = { OTEL_SERVICE_NAME: 'set' };
  takeFromDotEnv(environment, file);
  expect(environment).toEqual({ OTEL_SERVICE_NAME: 'set', OTEL_TRACES_EXPORTER: 'otlp' });
  takeFromDotEnv(environment, `${file}.missing`);
  expect(Object.keys(environment)).toHaveLength(2);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { kafkaAvailable, kafkaJars } from './kafka-jars.ts';

const before = process.env.PATH;
const empty = mkdtempSync(path.join(tmpdir(), 'sluice-no-java-'));
afterEach(() => {
  process.env.PATH = before;
  rmSync(empty, { recursive: true, force: true });
});

test('without Java the reason says what is missing and what to do', async () => {
  process.env.PATH = empty;
  const available = kafkaAvailable();
  expect(available).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/needs Java 17 or newer, and no java was found .*install/),
  });
  await expect(kafkaJars(() => undefined)).rejects.toThrow(/no java was found/);
});

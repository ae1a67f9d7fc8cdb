import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@sluice/testing';
import type { BenchResult } from '../report.ts';
import { median } from '../report.ts';
import type { BenchArguments } from './rounds.ts';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** From `npm start` to the first accepted trigger, with everything installed and built. */
async function startOnce(dataDir: string): Promise<number> {
  const from = performance.now();
  const child = spawn('npm', ['start', '--silent'], {
    cwd: ROOT,
    env: { ...process.env, SLUICE_DATA_DIR: dataDir, PORT: String(await freePort()) },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  try {
    let output = '';
    const curl = await new Promise<RegExpExecArray>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${output}`)));
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const found = /curl -sS -X POST (\S+) -H 'Authorization: Bearer (\S+)'/.exec(output);
        if (found) resolve(found);
      });
    });
    const answer = await fetch(curl[1] as string, {
      method: 'POST',
      headers: { authorization: `Bearer ${curl[2]}`, 'content-type': 'application/json' },
      body: '{}',
    });
    if (answer.status !== 202) throw new Error(`the demo trigger answered ${answer.status}`);
    return performance.now() - from;
  } finally {
    child.removeAllListeners('exit');
    const ended = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-(child.pid as number), 'SIGTERM');
    await ended;
  }
}

export async function start(args: BenchArguments): Promise<BenchResult> {
  const first: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < args.rounds; round++) {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'));
    try {
      first.push(await startOnce(dataDir));
      again.push(await startOnce(dataDir));
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
  return {
    conditions: `${args.rounds} rounds, installed and built`,
    rows: [
      {
        case: 'first start (new data directory, initdb, migrations, demo)',
        's to the first 202': median(first) / 1000,
      },
      { case: 'start again', 's to the first 202': median(again) / 1000 },
    ],
  };
}

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor, type Wiring } from '@sluice/testing';

const ROOT = path.resolve(import.meta.dirname, '../../..');

export interface Program {
  pid: number;
  output(): string;
  /** The exit code, or null when a signal ended it. */
  exit: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  becomesReady(): Promise<string>;
}

export interface ProgramOptions {
  env?: Record<string, string>;
  args?: string[];
  /** Where a `.env` file is looked for. */
  cwd?: string;
}

/** Our own environment without what tests and settings bring along. */
export function plainEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|SLUICE_(?!CACHE_DIR)|VITEST|NODE_OPTIONS|REQUIRE_|HOST$|PORT$)/.test(name),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}

/** A directory for one test; `data` in it is where the program is told to keep its data. */
export class Place {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'sluice-operator-'));
  readonly data = path.join(this.dir, 'data');
  private readonly programs: Program[] = [];

  /** Starts one of the two local wirings on a free port, without the demo unless asked for. */
  start(wiring: Wiring, { env = {}, args = [], cwd = this.dir }: ProgramOptions = {}): Program {
    const main = path.join(ROOT, 'apps', wiring, 'dist', 'main.js');
    return this.spawn(process.execPath, [main, ...args], cwd, {
      ...plainEnvironment(),
      PORT: '0',
      SLUICE_DATA_DIR: this.data,
      SLUICE_DEMO: 'off',
      SLUICE_OUTBOUND_ALLOW: '127.0.0.0/8',
      ...env,
    });
  }

  /** `npm start` as in a terminal: a process group of its own, which `kill` reaches as a whole. */
  npmStart(env: Record<string, string>): Program {
    return this.spawn(
      'npm',
      ['start'],
      ROOT,
      { ...plainEnvironment(), PORT: '0', SLUICE_DATA_DIR: this.data, ...env },
      true,
    );
  }

  private spawn(command: string, args: string[], cwd: string, env: Record<string, string>, isGroup = false): Program {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: isGroup });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    let isOver = false;
    const exit = new Promise<number | null>((resolve) =>
      child.once('close', (code) => {
        isOver = true;
        resolve(code);
      }),
    );
    const pid = child.pid ?? 0;
    const program: Program = {
      pid,
      output: () => output,
      exit,
      kill: (signal) => process.kill(isGroup ? -pid : pid, signal),
      becomesReady: () =>
        waitFor(
          () => {
            if (isOver) throw new Error(`it ended before it was ready:\n${output}`);
            return /Sluice is ready at (\S+)/.exec(output)?.[1];
          },
          90_000,
          'the ready line',
        ),
    };
    this.programs.push(program);
    return program;
  }

  /** Every process that has this place in its environment or its command line; they get it from the setting. */
  processes(): string[] {
    return readdirSync('/proc').filter((pid) => {
      if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
      try {
        return ['environ', 'cmdline'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(this.dir));
      } catch {
        return false; // ended meanwhile
      }
    });
  }

  /** The pids of `<data dir>/pids.json`, and whether each still runs. */
  pids(): Record<string, number> {
    return JSON.parse(readFileSync(path.join(this.data, 'pids.json'), 'utf8')) as Record<string, number>;
  }

  async remove(): Promise<void> {
    for (const program of this.programs) {
      try {
        program.kill('SIGTERM');
      } catch {
        continue; // it has ended, as most of these tests want
      }
      await program.exit;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** One message: no stack trace, no log line, nothing of Node's own. */
export function looksLikeAMessage(output: string): boolean {
  return output.length > 0 && !/^\s+at |node:internal|^\{"level"|UnhandledPromise|Error:.*\n\s+at/m.test(output);
}

export interface PostgresStub {
  url: string;
  close(): Promise<void>;
}

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const column = (name: string): Buffer =>
  Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)]);
const value = (text: string): Buffer => Buffer.concat([int32(text.length), Buffer.from(text)]);

/** As much of PostgreSQL's protocol 3.0 as an old server needs to say how old it is: every query has that answer. */
function answerAsOldServer(socket: Socket, versionNumber: string, version: string): void {
  const ready = message('Z', Buffer.from('I'));
  let greeted = false;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    if (!greeted) {
      greeted = true;
      socket.write(Buffer.concat([message('R', int32(0)), ready]));
    } else if (chunk[0] === 0x51) {
      const columns = message('T', Buffer.concat([int16(2), column('number'), column('text')]));
      const row = message('D', Buffer.concat([int16(2), value(versionNumber), value(version)]));
      socket.write(Buffer.concat([columns, row, message('C', Buffer.from('SELECT 1\0')), ready]));
    } else if (chunk[0] === 0x58) socket.end();
  });
}

/** A PostgreSQL of another age. */
export async function oldPostgres(versionNumber: string, version: string): Promise<PostgresStub> {
  const server = createServer((socket) => answerAsOldServer(socket, versionNumber, version));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return {
    url: `postgres://someone:s3cr3tword@127.0.0.1:${address.port}/sluice`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

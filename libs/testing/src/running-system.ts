import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@sluice/local-servers';
import { waitFor } from './wait-for.ts';

export type Wiring = 'standalone' | 'distributed';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const READY_MS = 90_000;

export interface SystemOptions {
  /** Kept between starts to see what survives. A fresh one unless given. */
  dataDir?: string;
  env?: Record<string, string>;
}

/** A running Sluice, started as a user would start it, from what was built. */
export class System {
  readonly adminToken: string;
  private child: ChildProcess | null = null;
  private output = '';
  private ended: Promise<number | null> = Promise.resolve(null);

  private constructor(
    readonly wiring: Wiring,
    readonly dataDir: string,
    private readonly env: Record<string, string>,
    readonly port: number,
  ) {
    this.adminToken = env.SLUICE_ADMIN_TOKEN as string;
  }

  static async start(wiring: Wiring, options: SystemOptions = {}): Promise<System> {
    const dataDir = options.dataDir ?? mkdtempSync(path.join(tmpdir(), 'sluice-e2e-'));
    const port = await freePort();
    const env = {
      SLUICE_DATA_DIR: dataDir,
      PORT: String(port),
      SLUICE_ADMIN_TOKEN: `e2e-${randomBytes(24).toString('hex')}`,
      SLUICE_DEMO: 'off',
      SLUICE_OUTBOUND_ALLOW: '127.0.0.0/8',
      SLUICE_LOG_LEVEL: 'warn',
      // A replica that gets no processor for a while is waited for: what was answered holds everywhere.
      SLUICE_PROPAGATION_WAIT: 'PT20S',
      // As npm start sets it; what else is in NODE_OPTIONS is vitest's.
      NODE_OPTIONS: /--v8-pool-size=\d+/.exec(process.env.NODE_OPTIONS ?? '')?.[0] ?? '',
      ...options.env,
    };
    const system = new System(wiring, dataDir, env, port);
    await system.launch();
    return system;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get log(): string {
    return this.output;
  }

  /** Starts the process (again) on the same data and waits for its ready line. */
  async launch(extraEnv: Record<string, string> = {}): Promise<void> {
    const main = path.join(ROOT, 'apps', this.wiring, 'dist', 'main.js');
    if (!existsSync(main)) throw new Error(`${main} is not built: run npm test, or npm run build first`);
    this.output = '';
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(
        ([name]) => !/^(SLUICE_|NODE_OPTIONS|VITEST|PORT|HOST)/.test(name) || /^SLUICE_CACHE_DIR$/.test(name),
      ),
    );
    const child = spawn(process.execPath, ['--import', '@sluice/observability/preload', main], {
      cwd: ROOT,
      env: { ...inherited, ...this.env, ...extraEnv },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    const collect = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString()).slice(-200_000);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    let code: number | null | undefined;
    this.ended = new Promise((resolve) => {
      child.once('exit', (exitCode) => {
        code = exitCode;
        resolve(exitCode);
      });
    });
    await waitFor(
      () => code !== undefined || this.output.includes('Sluice is ready at'),
      READY_MS,
      `the ready line of ${this.wiring}`,
    );
    if (code !== undefined) throw new Error(`${this.wiring} ended with ${code} before it was ready:\n${this.output}`);
  }

  /** The pids of `<data dir>/pids.json`. */
  pids(): Record<string, number> {
    return JSON.parse(readFileSync(path.join(this.dataDir, 'pids.json'), 'utf8')) as Record<string, number>;
  }

  /** Ends one of its processes, as a crash would. */
  kill9(name: string): void {
    const pid = this.pids()[name];
    if (!pid) throw new Error(`there is no process ${name} in ${JSON.stringify(this.pids())}`);
    process.kill(pid, 'SIGKILL');
  }

  /** Resolves with the exit code once the process has ended by itself. */
  whenEnded(): Promise<number | null> {
    return this.ended;
  }

  /** Stops it cleanly and gives back its exit code; the data stays. */
  async stop(): Promise<number | null> {
    this.child?.kill('SIGTERM');
    return this.ended;
  }

  /** Stops it and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

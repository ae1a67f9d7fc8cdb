import { parseArgs } from 'node:util';
import { accept } from './benches/accept.ts';
import { acceptHmac } from './benches/accept-hmac.ts';
import { acceptIdle } from './benches/accept-idle.ts';
import { cost } from './benches/cost.ts';
import { deliveryLog } from './benches/delivery-log.ts';
import { endToEnd } from './benches/end-to-end.ts';
import { foreach, waitingRuns } from './benches/flows.ts';
import { idempotency } from './benches/idempotency.ts';
import { kafka } from './benches/kafka.ts';
import { manyEndpoints } from './benches/many-endpoints.ts';
import { queued } from './benches/queued.ts';
import type { BenchArguments } from './benches/rounds.ts';
import { rejected } from './benches/rejected.ts';
import { routes } from './benches/routes.ts';
import { search } from './benches/search.ts';
import { backlog, fanOut, isolation } from './benches/sending.ts';
import { runs } from './benches/runs.ts';
import { sync } from './benches/sync.ts';
import { waiting } from './benches/waiting.ts';
import { start } from './benches/start.ts';
import { type BenchResult, report } from './report.ts';

const BENCHES: Record<
  string,
  { run: (args: BenchArguments) => Promise<BenchResult>; measures: string; seconds: number }
> = {
  accept: { run: accept, seconds: 10, measures: 'durable 202s per second at 128 connections, beside bare Fastify' },
  'accept-hmac': { run: acceptHmac, seconds: 10, measures: 'accept with HMAC-SHA256 over 1 KiB, beside tokens' },
  'accept-idle': { run: acceptIdle, seconds: 5, measures: 'latency of a durable 202 at one connection' },
  'end-to-end': { run: endToEnd, seconds: 60, measures: 'trigger to delivery, open loop, then the sustained maximum' },
  'fan-out': { run: fanOut, seconds: 0, measures: 'one event to 100 endpoints, beside one endpoint' },
  isolation: { run: isolation, seconds: 60, measures: 'healthy endpoints beside one that hangs, and one that fails' },
  cost: { run: cost, seconds: 20, measures: 'statements, WAL and processor time of an event from end to end' },
  'delivery-log': {
    run: deliveryLog,
    seconds: 12,
    measures: 'end to end with the delivery log and with its consumers held, at 3,000 events/s and at most',
  },
  'many-endpoints': { run: manyEndpoints, seconds: 0, measures: 'memory of 10,000 endpoints with a backlog each' },
  backlog: { run: backlog, seconds: 0, measures: '200,000 waiting deliveries, beside the rate from memory' },
  foreach: {
    run: foreach,
    seconds: 0,
    measures: 'a run that computes for each of 10,000 items, and one that calls for 2,000',
  },
  queued: { run: queued, seconds: 3, measures: 'callers of one app beside 100,000 queued runs of another' },
  'waiting-runs': { run: waitingRuns, seconds: 0, measures: 'how late runs wake among a million that wait' },
  idempotency: { run: idempotency, seconds: 5, measures: 'what an idempotency key costs an accept, and a repeat' },
  kafka: { run: kafka, seconds: 10, measures: 'accept and end-to-end over a real broker, beside standalone' },
  rejected: {
    run: rejected,
    seconds: 10,
    measures: 'accepted traffic beside 20,000 bad tokens a second, both open loop',
  },
  routes: { run: routes, seconds: 0, measures: 'memory and start with 100,000 triggers, beside one' },
  search: { run: search, seconds: 0, measures: 'filters and timelines of the delivery log over 10 M rows' },
  runs: { run: runs, seconds: 2, measures: 'what a run costs the runner, and how fast a burst is caught up with' },
  sync: {
    run: sync,
    seconds: 10,
    measures: 'callers that wait for the answer of their run, standalone and distributed',
  },
  waiting: { run: waiting, seconds: 0, measures: 'memory of 10,000 callers that wait for their runs' },
  start: { run: start, seconds: 0, measures: 'npm start to the first accepted trigger' },
};

const OPTIONS = {
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string' },
  triggers: { type: 'string', default: '10000' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const USAGE = `Usage: npm run bench -- <name> [--rounds N] [--seconds N] [--triggers N]

  --rounds     times that everything is measured, in turns; the median counts (default ${OPTIONS.rounds.default})
  --seconds    how long one measurement takes, where it is not of a fixed amount (default: the benchmark's own)
  --triggers   of the benchmarks that have many (default ${OPTIONS.triggers.default})
  --help, -h   print this and end

${Object.entries(BENCHES)
  .map(([name, { measures, seconds }]) => `  ${name.padEnd(15)}${measures}${seconds > 0 ? ` (${seconds} s each)` : ''}`)
  .join('\n')}

It builds and starts what it measures by itself. docs/results.md explains the results.
Exit codes: 0 done or help, 1 it failed, 2 wrong arguments.
`;

/** Tells how it is used, and ends: with 0 when somebody asked. */
function usage(problem: string | null): never {
  if (problem === null) process.stdout.write(USAGE);
  else process.stderr.write(`${problem}\n${USAGE}`);
  process.exit(problem === null ? 0 : 2);
}

function commandLine() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch (error) {
    return usage((error as Error).message);
  }
}

const { positionals, values } = commandLine();
const [name] = positionals;
if (name === undefined || values.help) usage(null);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (!bench) usage(`There is no benchmark ${name}.`);
const args = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds ?? bench.seconds),
  triggers: Number(values.triggers),
};
report(name, await bench.run(args));

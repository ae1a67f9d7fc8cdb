import { newId, type TriggerAccepted } from '@sluice/contracts';
import { parseJson } from '@sluice/request-body';
import { compileFlow } from '../flows/compiled-flow.ts';
import { startRun } from '../starting/start.rules.ts';
import { clock, momentNow } from './moment.ts';
import { appendsOf } from './run-appends.ts';
import { emptyRun } from './run-state.ts';

// What the runner computes for one run of webhook, set, emit with a body of 1 KB, without the store and the bus:
//   node --conditions=@sluice/source --experimental-transform-types libs/runner/src/runs/decide-micro.ts
const ROUNDS = 5;
const RUNS = 20_000;

const flow = compileFlow(
  { id: newId(), number: 1, name: 'Greet', version: 1 },
  {
    steps: [
      { ref: 'web1', type: 'webhook' },
      { ref: 'msg', type: 'set', values: { text: 'Hello {{ web1.company_id }}' } },
      { ref: 'e1', type: 'emit', event: 'company.seen', subject: '{{ web1.company_id }}', data: '{{ web1 }}' },
    ],
  },
);
const body = Buffer.from(JSON.stringify({ company_id: 7, name: 'Acme', notes: 'x'.repeat(950) }));
const accepted: TriggerAccepted = {
  triggerId: newId(),
  flowId: flow.id,
  mode: 'live',
  profile: 'native',
  method: 'POST',
  query: {},
  headers: { host: 'localhost', 'content-type': 'application/json', 'user-agent': 'bench', accept: '*/*' },
  contentType: 'application/json',
  bodyKind: 'json',
  bodySize: body.length,
  bodySha256: 'a'.repeat(64),
  bodyPayloadId: null,
  remoteAddress: '127.0.0.1',
  receivedAt: new Date().toISOString(),
  replyTo: null,
  props: null,
};
const acceptedJson = JSON.stringify(accepted);

/** Parses the event, reads the body, decides, and writes the JSON that the store will write. */
function once(): number {
  const data = JSON.parse(acceptedJson) as TriggerAccepted;
  const { profile, method, query, headers, receivedAt, props, replyTo, triggerId, flowId, mode } = data;
  const runId = newId();
  const request = {
    runId,
    flowId,
    mode,
    input: { value: parseJson(body) },
    inputPayload: null,
    trigger: { profile, method, query, headers, receivedAt, props, replyTo },
    triggerId,
    requestId: runId,
    orderingKey: null,
    queuedAt: receivedAt,
  };
  const run = emptyRun(runId);
  const { events } = startRun(request, flow, 1, momentNow(clock()), run);
  const origin = { appId: flow.id, meta: { correlationId: runId, causationId: runId } };
  const appends = appendsOf(run, events, origin, null);
  return appends[0]?.events.reduce((sum, event) => sum + JSON.stringify(event.data).length, 0) ?? 0;
}

const figures: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const started = process.cpuUsage();
  let bytes = 0;
  for (let index = 0; index < RUNS; index++) bytes += once();
  const { user, system } = process.cpuUsage(started);
  figures.push((user + system) / RUNS);
  if (bytes === 0) throw new Error('nothing was decided');
}
console.log(`µs of CPU per run, ${ROUNDS} rounds: ${figures.map((figure) => figure.toFixed(1)).join(' ')}`);

// Holds docker-compose.yml, Dockerfile and deploy/kubernetes against the Compose specification, the Kubernetes API
// schemas and the routing table, then starts what they say against a real Kafka and PostgreSQL. Run by .ci/run.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { composeSchemaFile, kubernetesProblems, missingTools } from './deploy/external-tools.mjs';
import { composeProcesses, kubernetesProcesses, readCompose, renderKubernetes } from './deploy/manifests.mjs';
import { startAndProbe } from './deploy/start-processes.mjs';
import { root } from './node-version.mjs';

const built = (lib) => import(pathToFileURL(path.join(root, 'libs', lib, 'dist', 'index.js')).href);
const temporary = mkdtempSync(path.join(tmpdir(), 'sluice-deploy-'));
const OVERLAYS = ['base', 'overlays/single-node'];
let failed = 0;

async function check(what, work) {
  try {
    const said = await work();
    console.log(`ok      ${what}${said ? `: ${said}` : ''}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${what}: ${error.message}`);
  }
}

const secrets = {
  POSTGRES_PASSWORD: 'p'.repeat(24),
  SLUICE_DATABASE_URL: `postgres://sluice:${'p'.repeat(24)}@postgres:5432/sluice`,
  SLUICE_ADMIN_TOKEN: randomBytes(24).toString('hex'),
  SLUICE_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
};

function validateCompose() {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  const validate = ajv.compile(JSON.parse(readFileSync(composeSchemaFile(), 'utf8')));
  if (!validate(readCompose(secrets))) throw new Error(ajv.errorsText(validate.errors));
}

function validateKubernetes(overlay) {
  const { text, objects } = renderKubernetes(overlay, secrets);
  const file = path.join(temporary, `${overlay.replaceAll('/', '-')}.yaml`);
  writeFileSync(file, text);
  const problems = kubernetesProblems(file);
  if (problems) throw new Error(problems);
  return `${objects.length} objects`;
}

/** Each direct path of the Ingress must belong, whole, to the service that the routing table names. */
async function validateRoutes() {
  const { ROUTING_TABLE } = await built('contracts');
  const { objects } = renderKubernetes('overlays/single-node', secrets);
  const [rule] = objects.find((each) => each.kind === 'Ingress').spec.rules;
  const services = objects.filter((each) => each.kind === 'Service').map((each) => each.metadata.name);
  for (const { path: prefix, backend } of rule.http.paths) {
    if (!services.includes(backend.service.name))
      throw new Error(`${prefix} leads to ${backend.service.name}, which is no Service`);
    if (backend.service.name === 'edge') continue;
    const below = ROUTING_TABLE.filter((one) => one.prefix === prefix || one.prefix.startsWith(`${prefix}/`));
    const others = below.filter((one) => one.service !== backend.service.name);
    if (below.length === 0 || others.length > 0)
      throw new Error(`${prefix} leads to ${backend.service.name}; the routing table says otherwise`);
  }
  const wanted = [...new Set(ROUTING_TABLE.map((one) => one.service))].sort();
  const compose = readCompose(secrets);
  for (const env of [
    compose.services.edge.environment,
    kubernetesProcesses(objects).find((one) => one.name === 'edge').env,
  ]) {
    const named = Object.keys(env)
      .filter((key) => key.startsWith('SLUICE_UPSTREAM_'))
      .map((key) => new URL(env[key]).hostname);
    if (JSON.stringify(named.sort()) !== JSON.stringify(wanted))
      throw new Error(`the edge is told of ${named}; the routing table names ${wanted}`);
  }
}

function validateCommands(processes) {
  for (const { name, args } of processes) {
    if (!existsSync(path.join(root, args[0]))) throw new Error(`${name} runs ${args[0]}, which is not built`);
  }
  return processes.map((one) => one.name).join(', ');
}

async function startThem(processes, servers, ports) {
  const addresses = {
    'postgres:5432': `127.0.0.1:${servers.postgres.port}`,
    'kafka:9092': servers.kafka.brokers,
    'collector:4318': '127.0.0.1:4318',
    ...Object.fromEntries(processes.map((one) => [`${one.name}:${one.port}`, `127.0.0.1:${ports[one.name]}`])),
  };
  const withOurPassword = processes.map((one) => ({
    ...one,
    env: { ...one.env, ...(one.env.SLUICE_DATABASE_URL ? { SLUICE_DATABASE_URL: servers.postgres.url } : {}) },
  }));
  const probed = await startAndProbe(withOurPassword, (name) => ports[name], addresses);
  return `${probed.length} probes answered 200`;
}

async function main() {
  const missing = missingTools();
  if (missing) {
    console.error(`the manifests cannot be validated here: ${missing} is missing`);
    process.exit(1);
  }
  await check('docker-compose.yml follows the Compose specification', validateCompose);
  for (const overlay of OVERLAYS)
    await check(`deploy/kubernetes/${overlay} follows the Kubernetes API, rendered by kustomize`, () =>
      validateKubernetes(overlay),
    );
  await check('Ingress, edge and compose follow the routing table', validateRoutes);
  const kubernetes = kubernetesProcesses(renderKubernetes('overlays/single-node', secrets).objects);
  const compose = composeProcesses(readCompose(secrets));
  await check('the commands of the manifests exist', () => validateCommands([...kubernetes, ...compose]));

  const { freePort, startKafka, startPostgres } = await built('local-servers');
  const kafka = await startKafka({ dir: path.join(temporary, 'kafka') });
  try {
    for (const [what, processes] of [
      ['docker-compose.yml', compose],
      ['deploy/kubernetes/overlays/single-node', kubernetes],
    ]) {
      const postgres = await startPostgres({ dir: path.join(temporary, `postgres-${what.length}`) });
      const ports = {};
      for (const { name } of processes) ports[name] = await freePort();
      await check(`what ${what} says starts against Kafka and PostgreSQL, and its probes answer`, () =>
        startThem(processes, { postgres, kafka }, ports),
      );
      await postgres.stop();
    }
  } finally {
    await kafka.stop();
  }
}

try {
  await main();
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
process.exit(failed > 0 ? 1 : 0);

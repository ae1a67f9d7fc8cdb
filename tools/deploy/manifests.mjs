// What a cluster and Docker would run: commands, environment, ports and probes, read from what is rendered.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { root } from '../node-version.mjs';
import { kustomizeBuild } from './external-tools.mjs';

/** Renders an overlay with the secrets an operator would have filled in; gives the text and the objects. */
export function renderKubernetes(name, secrets) {
  const dir = mkdtempSync(path.join(tmpdir(), 'sluice-kustomize-'));
  try {
    cpSync(path.join(root, 'deploy', 'kubernetes'), dir, { recursive: true });
    const lines = Object.entries(secrets).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(path.join(dir, 'overlays', 'single-node', 'secrets.env'), lines.join(''));
    const text = kustomizeBuild(path.join(dir, name));
    return { text, objects: parseAllDocuments(text).map((document) => document.toJS()) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The Dockerfile's ENTRYPOINT and ENV, which both wirings build upon. */
export function imageOf() {
  const text = readFileSync(path.join(root, 'deploy', 'docker', 'Dockerfile'), 'utf8');
  const entrypoint = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(text)[1]);
  const lines = [...text.slice(text.lastIndexOf('FROM ')).matchAll(/^ENV (.*)$/gm)];
  const env = Object.fromEntries(
    lines.flatMap(([, pairs]) =>
      pairs.split(' ').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    ),
  );
  return { entrypoint, env };
}

const decoded = (data) =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));

function environmentOf(container, objects) {
  const find = (kind, name) => objects.find((each) => each.kind === kind && each.metadata.name === name);
  const env = {};
  for (const from of container.envFrom ?? []) {
    if (from.configMapRef) Object.assign(env, find('ConfigMap', from.configMapRef.name)?.data);
    if (from.secretRef) Object.assign(env, decoded(find('Secret', from.secretRef.name)?.data));
  }
  for (const { name, value } of container.env ?? []) env[name] = value;
  return env;
}

/** The processes of the Deployments: name, args, environment, port, and the paths of their probes. */
export function kubernetesProcesses(objects) {
  return objects
    .filter((each) => each.kind === 'Deployment')
    .map(({ metadata, spec }) => {
      const [container] = spec.template.spec.containers;
      const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((name) => {
        if (container[name]?.httpGet.port !== container.ports[0].name)
          throw new Error(`${metadata.name}: ${name} asks another port`);
        return container[name].httpGet.path;
      });
      return {
        name: metadata.name,
        args: container.args,
        env: environmentOf(container, objects),
        port: container.ports[0].containerPort,
        probes,
      };
    });
}

/** docker-compose.yml with its variables filled in as Compose does (`${A}`, `${A:-default}`, `${A:?message}`). */
export function readCompose(values) {
  const text = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');
  const filled = text.replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name, kind, rest) => {
    if (values[name] !== undefined) return values[name];
    if (kind === '?') throw new Error(`docker-compose.yml wants ${name}`);
    return kind === '-' ? rest : '';
  });
  return parse(filled, { merge: true });
}

export function composeProcesses(compose) {
  return Object.entries(compose.services)
    .filter(([, service]) => service.image === 'sluice:local')
    .map(([name, service]) => {
      const [, script] =
        /fetch\('http:\/\/127\.0\.0\.1:(?:\d+)(\/\w+)'\)/.exec(service.healthcheck.test.join(' ')) ?? [];
      return {
        name,
        args: service.command,
        env: service.environment,
        port: Number(service.environment.PORT),
        probes: [script],
      };
    });
}

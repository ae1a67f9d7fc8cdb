// The real kustomize, the Kubernetes API schemas and the Compose specification, fetched once into a cache by Go and pip.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';

const KUSTOMIZE = 'v5.8.1'; // the newest that Go 1.26 builds
const COMPOSE_SPEC = 'v2.16.2';
const KUBERNETES_SCHEMAS = '1.37.0';
const cache = path.join(process.env.SLUICE_CACHE_DIR ?? path.join(homedir(), '.cache', 'sluice'), 'deploy');

function run(command, args, options = {}) {
  return execFileSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
}

/** Why the manifests cannot be validated on this machine, or null. */
export function missingTools() {
  const missing = [];
  for (const [command, args] of [
    ['go', ['version']],
    ['python3', ['-m', 'pip', '--version']],
  ]) {
    try {
      run(command, args);
    } catch (error) {
      missing.push(`${command} (${error.code ?? 'fails'})`);
    }
  }
  return missing.length > 0 ? missing.join(', ') : null;
}

export function kustomizeBuild(dir) {
  const bin = path.join(cache, `kustomize-${KUSTOMIZE}`);
  if (!existsSync(path.join(bin, 'kustomize'))) {
    mkdirSync(bin, { recursive: true });
    run('go', ['install', `sigs.k8s.io/kustomize/kustomize/v5@${KUSTOMIZE}`], {
      env: { ...process.env, GOBIN: bin },
      cwd: bin,
    });
  }
  return run(path.join(bin, 'kustomize'), ['build', dir]);
}

/** Strict: fields that the API does not know are errors. Returns what the validator says when it refuses. */
export function kubernetesProblems(manifestFile) {
  const target = path.join(cache, `kubernetes-validate-${KUBERNETES_SCHEMAS}`);
  if (!existsSync(path.join(target, 'kubernetes_validate'))) {
    run('python3', [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--target',
      target,
      `kubernetes-validate==${KUBERNETES_SCHEMAS}`,
    ]);
  }
  try {
    run('python3', ['-m', 'kubernetes_validate', '--strict', '--quiet', manifestFile], {
      env: { ...process.env, PYTHONPATH: target },
    });
    return null;
  } catch (error) {
    return `${error.stdout ?? ''}${error.stderr ?? error.message}`;
  }
}

/** The file of the Compose specification's JSON schema. */
export function composeSchemaFile() {
  mkdirSync(cache, { recursive: true });
  const answer = run('go', ['mod', 'download', '-json', `github.com/compose-spec/compose-go/v2@${COMPOSE_SPEC}`], {
    cwd: cache,
  });
  return path.join(JSON.parse(answer).Dir, 'schema', 'compose-spec.json');
}

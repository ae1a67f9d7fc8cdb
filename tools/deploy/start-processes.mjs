// Runs what the manifests say, on this machine: the same commands and environment. Only addresses change, because here
// all processes share one host: `name:port` of a Service becomes the address that stands for it.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import process from 'node:process';
import { productNode, root } from '../node-version.mjs';
import { imageOf } from './manifests.mjs';

const READY_MS = 60_000;

/** Every `name:port` in the values must be a known Service; unknown ones are mistakes in the manifests. */
function localised(env, addresses, where) {
  const local = {};
  for (const [key, value] of Object.entries(env)) {
    if (key === 'SLUICE_PUBLIC_URL') {
      local[key] = value; // what the world calls us; nobody here connects to it
      continue;
    }
    local[key] = String(value).replaceAll(/(^|[/@,])([a-z][a-z-]*):(\d{2,5})\b/g, (_all, before, name, port) => {
      const address = addresses[`${name}:${port}`];
      if (!address) throw new Error(`${where}: ${key} names ${name}:${port}, which is no service of these manifests`);
      return before + address;
    });
  }
  return local;
}

async function answers(url) {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(3_000) })).status;
  } catch (error) {
    return error.message;
  }
}

async function untilReady(running) {
  const deadline = Date.now() + READY_MS;
  for (const { name, url, probes, child, output } of running) {
    for (const probe of probes) {
      for (let last = null; ; await sleep(200)) {
        if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${output()}`);
        last = await answers(url + probe);
        if (last === 200) break;
        if (Date.now() > deadline) throw new Error(`${name}: ${probe} answers ${last}\n${output()}`);
      }
    }
  }
}

function startOne({ name, args, env, probes }, url, entrypoint) {
  const [command, ...before] = entrypoint;
  if (command !== 'node') throw new Error(`the image starts ${command}, not node`);
  const child = spawn(productNode(), [...before, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (text = (text + chunk).slice(-8_000)));
  return { name, url, probes, child, output: () => text };
}

/**
 * Starts all processes, waits until every probe answers 200, stops them. `portOf(name)` says where a process listens
 * here, `addresses` where `service:port` is found here.
 */
export async function startAndProbe(processes, portOf, addresses) {
  const { entrypoint, env: imageEnv } = imageOf();
  const running = processes.map((one) => {
    const env = localised({ ...imageEnv, ...one.env }, addresses, one.name);
    const port = portOf(one.name);
    return startOne(
      { ...one, env: { ...env, PORT: String(port), HOST: '127.0.0.1' } },
      `http://127.0.0.1:${port}`,
      entrypoint,
    );
  });
  try {
    await untilReady(running);
    return running.flatMap(({ name, probes }) => probes.map((probe) => `${name} ${probe}`));
  } finally {
    const ended = running.map(
      ({ child }) => new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve())),
    );
    for (const { child } of running) child.kill('SIGTERM');
    await Promise.all(ended);
  }
}

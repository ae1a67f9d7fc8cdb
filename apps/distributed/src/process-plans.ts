import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { SERVICES, type ServiceName } from '@sluice/contracts';
import type { ProcessPlan } from './supervised-process.ts';

/** What the launcher found out, generated or chosen. */
export interface Deployment {
  /** The environment with .env in it. */
  environment: Readonly<Record<string, string | undefined>>;
  host: string;
  port: number;
  publicUrl: string;
  databaseUrl: string;
  brokers: string;
  adminToken: string;
  /** For the registry; null when it was made at an earlier start. */
  administrator: { email: string; password: string } | null;
  encryptionKeys: string;
  outboundAllow: readonly string[];
  /** Of each instance of each service. */
  ports: ReadonlyMap<ServiceName, readonly number[]>;
}

const LOOPBACK_PEER = '127.0.0.1/32';
const ROOT = path.resolve(import.meta.dirname, '../../..');

const upstreamVariable = (service: ServiceName): string =>
  `SLUICE_UPSTREAM_${service.toUpperCase().replaceAll('-', '_')}`;

/** OpenTelemetry's preload does nothing unless an exporter is set; the other ends the process when we are killed. */
function nodeOptions(): string[] {
  const preloads = ['libs/observability/dist/preload.js', 'tools/end-with-parent.mjs'].map((file) =>
    path.join(ROOT, file),
  );
  return preloads.filter((file) => existsSync(file)).flatMap((file) => ['--import', pathToFileURL(file).href]);
}

function inherited(environment: Deployment['environment']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    // Of a secret and its …_FILE only one may be set: what we set below replaces both.
    if (
      value !== undefined &&
      !/^SLUICE_(DATABASE_URL|ADMIN_TOKEN|ADMIN_EMAIL|ADMIN_PASSWORD|ENCRYPTION_KEYS)(_FILE)?$/.test(name)
    )
      kept[name] = value;
  }
  return kept;
}

function administratorOf({ administrator }: Deployment): Record<string, string> {
  if (administrator === null) return {};
  return { SLUICE_ADMIN_EMAIL: administrator.email, SLUICE_ADMIN_PASSWORD: administrator.password };
}

function planOf(name: string, env: Record<string, string>): ProcessPlan {
  const main = path.join(ROOT, 'apps', name, 'dist', 'main.js');
  return { name, main, nodeOptions: nodeOptions(), env, niceness: 0 };
}

/**
 * On one machine all share its cores, and whoever calls a trigger waits while nobody waits for the rest: accepting goes
 * before running, running before the log. It only counts when there is not enough for all.
 */
const NICENESS: Partial<Record<ServiceName, number>> = { runner: 5, dispatcher: 5, 'delivery-log': 10 };

/** One process of a service, and where it answers. */
export interface ServicePlan {
  port: number;
  plan: ProcessPlan;
}

/** The instances of the five services and the edge as processes, with the environment that tells each what it needs. */
export function processPlans(deployment: Deployment): { services: ServicePlan[]; edge: ProcessPlan } {
  const { environment, ports } = deployment;
  const base = {
    ...inherited(environment),
    SLUICE_PUBLIC_URL: deployment.publicUrl,
    SLUICE_LOG_LEVEL: environment.SLUICE_LOG_LEVEL ?? 'warn',
  };
  // One name for all would make one service of six in every view of traces.
  const traced = (name: string) => ({ OTEL_SERVICE_NAME: `${environment.OTEL_SERVICE_NAME ?? 'sluice'}-${name}` });
  const instance = (name: string): Record<string, string> =>
    environment.SLUICE_INSTANCE_ID ? { SLUICE_INSTANCE_ID: `${environment.SLUICE_INSTANCE_ID}-${name}` } : {};
  const trusted = [environment.SLUICE_TRUSTED_PROXIES, LOOPBACK_PEER].filter(Boolean).join(',');
  const services = SERVICES.flatMap((service) =>
    (ports.get(service) ?? []).map((port, index) => {
      const name = index === 0 ? service : `${service}-${index + 1}`;
      const env = {
        ...base,
        ...instance(name),
        ...traced(service),
        HOST: '127.0.0.1',
        PORT: String(port),
        SLUICE_DATABASE_URL: deployment.databaseUrl,
        SLUICE_KAFKA_BROKERS: deployment.brokers,
        SLUICE_ADMIN_TOKEN: deployment.adminToken,
        ...(service === 'registry' ? administratorOf(deployment) : {}),
        SLUICE_ENCRYPTION_KEYS: deployment.encryptionKeys,
        SLUICE_OUTBOUND_ALLOW: deployment.outboundAllow.join(','),
        SLUICE_TRUSTED_PROXIES: trusted, // the edge has checked what it passes on
      };
      return { port, plan: { ...planOf(service, env), name, niceness: NICENESS[service] ?? 0 } };
    }),
  );
  const upstreams = SERVICES.map((service) => [
    upstreamVariable(service),
    (ports.get(service) ?? []).map((port) => `http://127.0.0.1:${port}`).join(','),
  ]);
  const edge = planOf('edge', {
    ...base,
    ...instance('edge'),
    ...traced('edge'),
    HOST: deployment.host,
    PORT: String(deployment.port),
    ...Object.fromEntries(upstreams),
  });
  return { services, edge };
}

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
  encryptionKeys: string;
  outboundAllow: readonly string[];
  ports: ReadonlyMap<ServiceName, number>;
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
    if (value !== undefined && !/^SLUICE_(DATABASE_URL|ADMIN_TOKEN|ENCRYPTION_KEYS)(_FILE)?$/.test(name))
      kept[name] = value;
  }
  return kept;
}

function planOf(name: string, env: Record<string, string>): ProcessPlan {
  return { name, main: path.join(ROOT, 'apps', name, 'dist', 'main.js'), nodeOptions: nodeOptions(), env };
}

/** The five services and the edge as processes, with the environment that tells each what it needs. */
export function processPlans(deployment: Deployment): { services: Map<ServiceName, ProcessPlan>; edge: ProcessPlan } {
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
  const services = new Map(
    SERVICES.map((service) => {
      const env = {
        ...base,
        ...instance(service),
        ...traced(service),
        HOST: '127.0.0.1',
        PORT: String(ports.get(service)),
        SLUICE_DATABASE_URL: deployment.databaseUrl,
        SLUICE_KAFKA_BROKERS: deployment.brokers,
        SLUICE_ADMIN_TOKEN: deployment.adminToken,
        SLUICE_ENCRYPTION_KEYS: deployment.encryptionKeys,
        SLUICE_OUTBOUND_ALLOW: deployment.outboundAllow.join(','),
        SLUICE_TRUSTED_PROXIES: trusted, // the edge has checked what it passes on
      };
      return [service, planOf(service, env)] as const;
    }),
  );
  const upstreams = SERVICES.map((service) => [upstreamVariable(service), `http://127.0.0.1:${ports.get(service)}`]);
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

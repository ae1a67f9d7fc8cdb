import { SERVICES } from '@sluice/contracts';
import { expect, test } from 'vitest';
import { type Deployment, processPlans, type ServicePlan } from './process-plans.ts';

const deployment = (environment: Record<string, string> = {}): Deployment => ({
  environment,
  host: '127.0.0.1',
  port: 8080,
  publicUrl: 'https://hooks.example.org',
  databaseUrl: 'postgresql://sluice:pw@127.0.0.1:20000/postgres',
  brokers: '127.0.0.1:20001',
  adminToken: 'generated-token',
  administrator: { email: 'admin@localhost', password: 'generated password' },
  encryptionKeys: 'k1:AAAA',
  outboundAllow: ['127.0.0.0/8', '::1/128'],
  ports: new Map(SERVICES.map((service, index) => [service, [20_010 + index]])),
});

const planNamed = (services: ServicePlan[], name: string) => services.find(({ plan }) => plan.name === name)?.plan;

test('every service is told its own port on loopback, and everything that they share', () => {
  const { services } = processPlans(deployment());
  expect(services.map(({ plan }) => plan.name)).toEqual([...SERVICES]);
  expect(planNamed(services, 'runner')?.main).toMatch(/apps\/runner\/dist\/main\.js$/);
  expect(planNamed(services, 'runner')?.env).toMatchObject({
    HOST: '127.0.0.1',
    PORT: '20012',
    SLUICE_PUBLIC_URL: 'https://hooks.example.org',
    SLUICE_DATABASE_URL: 'postgresql://sluice:pw@127.0.0.1:20000/postgres',
    SLUICE_KAFKA_BROKERS: '127.0.0.1:20001',
    SLUICE_ADMIN_TOKEN: 'generated-token',
    SLUICE_ENCRYPTION_KEYS: 'k1:AAAA',
    SLUICE_OUTBOUND_ALLOW: '127.0.0.0/8,::1/128',
    SLUICE_TRUSTED_PROXIES: '127.0.0.1/32',
  });
  const knowing = services.filter(({ plan }) => plan.env.SLUICE_ADMIN_PASSWORD === 'generated password');
  expect(knowing.map(({ plan }) => plan.name)).toEqual(['registry']);
});

test('the edge gets the public port and the addresses of all five, but no secret', () => {
  const { edge } = processPlans(
    deployment({
      SLUICE_ADMIN_TOKEN_FILE: '/run/token',
      SLUICE_ADMIN_PASSWORD: 'given',
      SLUICE_DATABASE_URL: 'postgresql://x',
    }),
  );
  expect(edge.env).toMatchObject({
    PORT: '8080',
    SLUICE_UPSTREAM_GATEWAY: 'http://127.0.0.1:20010',
    SLUICE_UPSTREAM_DELIVERY_LOG: 'http://127.0.0.1:20014',
  });
  expect(Object.keys(edge.env).filter((name) => /TOKEN|KEYS|DATABASE|PASSWORD/.test(name))).toEqual([]);
});

test('settings of the user reach the services; proxies in front of the edge are theirs and its own', () => {
  const { services, edge } = processPlans(
    deployment({
      SLUICE_TRUSTED_PROXIES: '10.0.0.0/8',
      SLUICE_KAFKA_PARTITIONS: '6',
      SLUICE_INSTANCE_ID: 'box',
      OTEL_TRACES_EXPORTER: 'otlp',
    }),
  );
  expect(planNamed(services, 'gateway')?.env).toMatchObject({
    SLUICE_TRUSTED_PROXIES: '10.0.0.0/8,127.0.0.1/32',
    SLUICE_KAFKA_PARTITIONS: '6',
    SLUICE_INSTANCE_ID: 'box-gateway',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_SERVICE_NAME: 'sluice-gateway',
  });
  expect(edge.env.SLUICE_TRUSTED_PROXIES).toBe('10.0.0.0/8');
});

test('further instances have numbered names and ports of their own, and the edge knows all', () => {
  const ports = new Map(SERVICES.map((service, index) => [service, [20_010 + index, 20_110 + index]]));
  const { services, edge } = processPlans({ ...deployment({}), ports });
  expect(services.map(({ plan, port }) => [plan.name, plan.env.PORT, port]).slice(0, 3)).toEqual([
    ['gateway', '20010', 20_010],
    ['gateway-2', '20110', 20_110],
    ['registry', '20011', 20_011],
  ]);
  expect(edge.env.SLUICE_UPSTREAM_GATEWAY).toBe('http://127.0.0.1:20010,http://127.0.0.1:20110');
});

import { Logger } from '@nestjs/common';
import {
  addressOf,
  ConnectionLimit,
  createJsonLogger,
  describeSettings,
  environmentWithDotEnv,
  loadSettings,
  NestJsonLogger,
} from '@sluice/platform';
import { createEdge } from './edge-server.ts';
import { upstreamsOf } from './upstreams.config.ts';

const DRAIN_MS = 10_000;

/** Serves until it is closed. */
export async function startEdge(): Promise<{ close(): Promise<void> }> {
  const environment = environmentWithDotEnv();
  const settings = loadSettings(environment);
  const upstreams = upstreamsOf(environment);
  const logger = createJsonLogger({ level: settings.logLevel, service: 'edge', instanceId: settings.instanceId });
  logger.info({ settings: describeSettings(settings), upstreams }, 'settings');
  Logger.overrideLogger(new NestJsonLogger(logger)); // what libs/platform logs is JSON too
  const edge = createEdge({
    upstreams,
    trustedProxies: settings.trustedProxies,
    requestLimits: settings.requestLimits,
    connections: new ConnectionLimit(settings.connections, settings.trustedProxies),
    listenerTimeoutMs: settings.listenerTimeoutMs,
  });
  await new Promise<void>((resolve, reject) => {
    edge.server.once('error', reject);
    edge.server.listen(settings.port, settings.host, resolve);
  });
  const address = edge.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : settings.port;
  logger.info({ url: addressOf(settings.host, port) }, 'ready');
  return { close: () => edge.drain(DRAIN_MS) };
}

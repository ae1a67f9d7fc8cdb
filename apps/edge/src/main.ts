import { commandOf, runProcess } from '@sluice/wiring';
import { startEdge } from './edge.ts';

commandOf({
  command: 'node main.js',
  does: `Serves the one address that the processes of all services are behind, until SIGTERM. SLUICE_UPSTREAM_GATEWAY,
…_REGISTRY, …_RUNNER, …_DISPATCHER and …_DELIVERY_LOG name their origins, with commas between several.`,
  settings: ['PORT', 'HOST', 'SLUICE_TRUSTED_PROXIES', 'SLUICE_MAX_CONNECTIONS', 'SLUICE_LOG_LEVEL'],
});
await runProcess(startEdge);

export { startChildProgram } from './child-program.ts';
export { type ConnectProxy, connectProxy } from './connect-proxy.ts';
export { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts';
export { freePort } from '@sluice/local-servers';
export { exampleEndpoint, exampleEvent } from './outbound-examples.ts';
export { createTestDatabase, type DatabaseTemplate, type TestDatabase } from './test-database.ts';
export { eventually, waitFor } from './wait-for.ts';
export { type HostileMode, type HostileReceiver, hostileReceiver } from './hostile-receiver.ts';
export {
  type ReceiverAnswer,
  type RecordedRequest,
  type RecordingReceiver,
  type Respond,
  recordingReceiver,
} from './recording-receiver.ts';
export { selfSigned } from './self-signed.ts';
export { type Temporary, temporaryKafka, temporaryPostgres } from './temporary-servers.ts';
export { testKafka } from './test-kafka.ts';
export { System, type SystemOptions, type Wiring } from './running-system.ts';

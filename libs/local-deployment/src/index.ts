export { type FirstAdministrator, firstAdministrator, rememberAdministrator } from './first-administrator.ts';
export { type GeneratedSecrets, generatedSecrets } from './generated-secrets.ts';
export { greet, type GreetingOptions } from './greeting.ts';
export { LOOPBACK, outboundAllowOf, reachesLoopback } from './outbound-default.ts';
export { PidsFile } from './pids-file.ts';
export { SupervisedPostgres } from './supervised-postgres.ts';

export { endpointProblems, isSluiceHeader, type OutboundRules, secretProblems } from './endpoint.rules.ts';
export {
  compileFilter,
  compileOrdering,
  compileTransform,
  type EventFilter,
  eventScope,
  type EventScope,
  EventTemplateError,
  type EventTransform,
  type OrderingKey,
  templateProblem,
} from './event-templates.ts';
export { type HookAnswer, type HookJudgement, type HookVerdict, judgeHookAnswer } from './hook-answer.rules.ts';
export { ACCESS_FIELDS, sampleHookPayload } from './hook-samples.ts';
export { HOOK_TIMEOUT_MS, HOOK_TYPES, type HookType, isHookType } from './hook-types.ts';
export { eventHash, siemPayload } from './siem.rules.ts';
export {
  etlSignature,
  newSecret,
  publicKeyOf,
  type SignedMessage,
  standardSignatures,
  standardSignaturesAside,
} from './signatures.ts';
export { covers } from './event-patterns.ts';
export { accessPayload } from './hook-payload.rules.ts';
export { openSecrets } from './open-secrets.ts';
export { recordedText } from './recorded-text.ts';
export {
  type EndpointSecrets,
  type HeaderFacts,
  headersOf,
  type RequestHeaders,
  timestampOf,
} from './request-headers.ts';
export { SigningAside } from './signing-aside.ts';

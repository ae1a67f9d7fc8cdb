export { AppError, type ErrorDefinition, errorFactory, type FieldProblem } from './app-error.ts';
export { BUILT_IN_EVENT_TYPES, type BuiltInEventType } from './built-in-event-types.ts';
export type {
  DeadLetterCommand,
  DeadLetterEvents,
  DeliveryLogEvents,
  EventParked,
  EventRedriven,
} from './dead-letter-events.ts';
export type {
  AttemptError,
  AttemptFinished,
  AttemptRequest,
  AttemptResponse,
  DispatcherEvents,
  DomainEventRecorded,
} from './dispatcher-events.ts';
export { responseContentOf, responseStatusOf } from './flow-response.ts';
export {
  HTTP_METHODS,
  parseDurationMs,
  RESERVED_REFS,
  SECRETS_ROOT,
  STEP_LIMITS,
  STEP_SCHEMAS,
  type StepField,
  type StepFieldShape,
  type StepSchema,
  TEMPLATE_ROOTS,
} from './flow-steps.ts';
export type {
  CloudEvent,
  EventPublished,
  GatewayEvents,
  RequestCaptured,
  RequestRejected,
  RunCancelAsked,
  TriggerAccepted,
} from './gateway-events.ts';
export { derivedId, isUuid, newId, timeOfId } from './ids.ts';
export type {
  AppCreated,
  EndpointChanged,
  EndpointState,
  EventTypeChanged,
  EventTypeState,
  FlowChanged,
  FlowDefinition,
  FlowSaved,
  FlowState,
  FlowStatus,
  FlowStep,
  RegistryEvents,
  Role,
  RoleGrant,
  SealedRef,
  SecretChanged,
  SecretState,
  SessionEnded,
  TokenChanged,
  TokenState,
  TriggerChanged,
  TriggerState,
  UserChanged,
  UserLoggedIn,
  UserState,
} from './registry-events.ts';
export { type RouteRule, ROUTING_TABLE, routeOf } from './routing-table.ts';
export type {
  EventEmitted,
  RunAnswered,
  RunError,
  RunFinished,
  RunnerAnswers,
  RunnerEvents,
  RunStarted,
  RunStatus,
  RunTrigger,
  RunWaiting,
  StepCompleted,
  StepFailed,
  StepStarted,
} from './runner-events.ts';
export { DOMAIN_EVENTS_TOPIC, SERVICES, type ServiceName, schemaOf, serviceOf, TOPICS, type Topic } from './topics.ts';
export {
  type CustomHmacAuth,
  HANDSHAKE_TYPES,
  HMAC_ALGORITHMS,
  HMAC_PRESETS,
  type HmacAlgorithm,
  type HmacAuth,
  type HmacPreset,
  JWT_KEY_ALGORITHMS,
  JWT_SECRET_ALGORITHMS,
  type JwtAlgorithm,
  type JwtAuth,
  type PresetHmacAuth,
  SECRET_ENCODINGS,
  type SecretEncoding,
  type TriggerAuth,
  type TriggerHandshake,
  usesSecret,
  usesToken,
} from './trigger-auth.ts';

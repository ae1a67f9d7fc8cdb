export { DatabaseNotUsableError, migrate } from './database/migrate.ts';
export { connectionOf, createPool } from './database/pools.ts';
export { failpoint } from './failpoint.ts';
export { ClientAddress } from './http/client-address.ts';
export { AllowsDryRun, DRY_RUN_HEADER, isDryRun, rehearsed } from './http/dry-run.ts';
export { OptionalBody } from './http/empty-body.ts';
export { Health, HealthCheck, type HealthCheckProvider, type HealthResult } from './http/health.ts';
export { createHttpApp, type HttpApp, type HttpAppOptions } from './http/http-app.ts';
export { IsInstant, IsNotBefore } from './http/is-instant.ts';
export { AppQuery, IdPageQuery, IsLimit, LimitedQuery } from './http/list-query.ts';
export { headersTooLarge, MAX_HEADERS } from './http/header-bounds.ts';
export { PLATFORM_ERRORS, platformError } from './http/platform.errors.ts';
export { ProblemFilter, sendProblem } from './http/problem.filter.ts';
export type { WithErrorBody } from './http/problem.filter.ts';
export { unstorableTexts } from './http/storable.rules.ts';
export { appErrorOf, PROBLEM_TYPE, type Problem, problemOf } from './http/problem.ts';
export { RawRoutes, type RawRoutesProvider } from './http/raw-routes.ts';
export { problemsOf, RequestValidationPipe } from './http/request-validation.ts';
export { ConnectionLimit, type ConnectionLimits } from './http/connection-limit.ts';
export { MAX_WAIT_MS, waitMs } from './http/wait.rules.ts';
export { YAML_BODY } from './http/yaml-body.ts';
export { createJsonLogger, NestJsonLogger } from './observing/json-logger.ts';
export { metrics } from './observing/metrics.ts';
export { DOCS_PAGE_HEADERS, docsPage } from './openapi/docs-page.ts';
export type { DescribedPaths, OpenApiDocument, Operation } from './openapi/openapi-document.ts';
export type {
  MigrationClass,
  RetentionNeed,
  RetentionPrune,
  RetentionRules,
  ServiceDefinition,
  SharedSchema,
} from './service-definition.ts';
export type { EncryptionKey, Rate, RateProfile, RunsPerApp } from './settings/setting-parsers.ts';
export {
  AMBIGUOUS_DETAIL,
  decodedUnreserved,
  isAmbiguous,
  originForm,
  pathOf,
} from './http/request-target.ts';
export { closestName } from './settings/closest-name.ts';
export { SETTING_TABLE, type SettingName } from './settings/setting-table.ts';
export {
  addressOf,
  type CodeSettings,
  describeSettings,
  environmentWithDotEnv,
  type KafkaSettings,
  loadSettings,
  type RateLimitSettings,
  type RequestLimits,
  type Settings,
  SettingsError,
} from './settings/settings.ts';
export { InjectPool, InjectSettings, InjectStore, poolToken, SETTINGS, SOLE_PROCESS, storeToken } from './tokens.ts';

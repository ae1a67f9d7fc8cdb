export { type EndpointStatus, HEALTHY, type Pause, type PauseReason } from './endpoint-status.ts';
export { endpointStatusTablesSql, STATUS_COLUMNS, statusOfRow, statusesOf } from './endpoint-status-tables.ts';

export { GATEWAY_ERRORS, type GatewayErrorCode } from './gateway.errors.ts';
export { gatewayService } from './gateway.service.ts';

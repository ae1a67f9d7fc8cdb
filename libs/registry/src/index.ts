export { REGISTRY_ERRORS } from './registry.errors.ts';
export { registryService } from './registry.service.ts';

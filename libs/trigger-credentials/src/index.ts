export { CredentialVerifiers, type SecuredTrigger } from './credential-verifiers.ts';
export { verifierOf } from './credential-verifier.ts';
export { type Denial, DENIALS } from './denial.ts';
export { KeySets } from './key-sets.ts';
export type { RequestHeaders } from './request-headers.ts';
export { challengeOf, credentialHeadersOf, isAuthentic } from './trigger-credential.rules.ts';
export { TRIGGER_CREDENTIAL_ERRORS } from './trigger-credentials.errors.ts';

export type { CodeCall, CodeError, CodeErrorCode, CodeResult, ConsoleLine } from './code-call.ts';
export { CodeSandbox, type CodeSandboxOptions } from './code-sandbox.ts';

/** LU-01: what an inline endpoint decides; each type has a payload of its own. */
export const HOOK_TYPES = ['PROVISION', 'DEPROVISION', 'REQUEST_VALIDATION', 'PRE_APPROVAL', 'SIEM'] as const;
export type HookType = (typeof HOOK_TYPES)[number];

export function isHookType(value: unknown): value is HookType {
  return typeof value === 'string' && (HOOK_TYPES as readonly string[]).includes(value);
}

/** LU-08. */
export const HOOK_TIMEOUT_MS = 15_000;

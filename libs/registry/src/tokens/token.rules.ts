import type { TokenState } from '@sluice/contracts';

const DAY_MS = 86_400_000;

/** RFC 3339; null: without an end. */
export function endAfter(days: number | null, nowMs: number): string | null {
  return days === null ? null : new Date(nowMs + days * DAY_MS).toISOString();
}

/** The days that a token was made for; null: without an end. */
export function daysOf({ expiresAt, createdAt, regeneratedAt }: TokenState): number | null {
  return expiresAt === null
    ? null
    : Math.round((Date.parse(expiresAt) - Date.parse(regeneratedAt ?? createdAt)) / DAY_MS);
}

/** All scopes, widest first. Both separators are accepted where scopes are given (`automation:view`). */
export const SCOPES = [
  'admin',
  'automation',
  'automation.manage',
  'automation.view',
  'automation.webhook_run',
  'events.publish',
] as const;
export type Scope = (typeof SCOPES)[number];

/** `automation` is everything below it in the list of api.md; to manage includes to look and to run. */
const IMPLIES: Record<Scope, readonly Scope[]> = {
  admin: SCOPES,
  automation: ['automation', 'automation.manage', 'automation.view', 'automation.webhook_run', 'events.publish'],
  'automation.manage': ['automation.manage', 'automation.view', 'automation.webhook_run'],
  'automation.view': ['automation.view'],
  'automation.webhook_run': ['automation.webhook_run'],
  'events.publish': ['events.publish'],
};

/** The scope in its canonical spelling, or null when there is no such scope. */
export function scopeOf(text: string): Scope | null {
  const canonical = text.replaceAll(':', '.');
  return (SCOPES as readonly string[]).includes(canonical) ? (canonical as Scope) : null;
}

/** Whether somebody who holds `held` may do what needs `needed`. */
export function allows(held: readonly string[], needed: Scope): boolean {
  return held.some((text) => {
    const scope = scopeOf(text);
    return scope !== null && IMPLIES[scope].includes(needed);
  });
}

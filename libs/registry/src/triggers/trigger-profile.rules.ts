import type { FieldProblem, TriggerAuth, TriggerState } from '@sluice/contracts';

export const TRIGGER_METHODS = ['POST', 'PUT', 'PATCH', 'GET', 'DELETE'] as const;
export const DEFAULT_TOKEN_HEADER = 'X-Sluice-Webhook-Token';

export type TriggerProfileName = TriggerState['profile'];
export const TRIGGER_PROFILES = ['native', 'run', 'flow', 'listener'] as const;

/** What a profile says of the triggers that speak it; what a vendor has fixed cannot be chosen. */
interface ProfileRules {
  /** Methods that its address answers at all. */
  methods: readonly string[];
  /** How callers show who they are unless the trigger says otherwise. */
  defaultAuth: TriggerAuth;
  /** The only kinds of authentication that its callers know; absent: any. */
  authTypes?: readonly string[];
  /** Where its callers send requests, below the public address. */
  path(trigger: Pick<TriggerState, 'id' | 'appId' | 'flowId'>): string;
}

const RULES: Record<TriggerProfileName, ProfileRules> = {
  native: {
    methods: TRIGGER_METHODS,
    defaultAuth: { type: 'bearer' },
    path: ({ id }) => `/t/${id}`,
  },
  // LT-04: always a token in a header, because the run resource is read with it too.
  run: {
    methods: ['POST'],
    defaultAuth: { type: 'header', name: DEFAULT_TOKEN_HEADER },
    authTypes: ['header'],
    path: ({ id }) => `/api/webhooks/${id}/runs`,
  },
  // LC-01, LC-06: the token security can be switched off.
  flow: {
    methods: ['POST', 'GET'],
    defaultAuth: { type: 'bearer' },
    authTypes: ['bearer', 'none'],
    path: ({ flowId }) => `/v1/flow-webhook/${flowId}`,
  },
  // LN-03: the two ids are the credential.
  listener: {
    methods: ['POST'],
    defaultAuth: { type: 'none' },
    authTypes: ['none'],
    path: ({ id, appId }) => `/apps/${appId}/webhooks/${id}`,
  },
};

export function defaultAuthOf(profile: TriggerProfileName): TriggerAuth {
  return RULES[profile].defaultAuth;
}

/** Where requests for the trigger are sent. */
export function urlOfTrigger(
  trigger: Pick<TriggerState, 'id' | 'appId' | 'flowId' | 'profile'>,
  publicUrl: string,
): string {
  return publicUrl + RULES[trigger.profile].path(trigger);
}

/** A trigger starts the flow of an id, or of profile `listener` the one that has a name when it is called. */
export function listenerProblems(sent: { profile?: unknown; flowId?: unknown; listener?: unknown }): FieldProblem[] {
  if (sent.listener === undefined) return [];
  if (sent.profile !== 'listener') return [{ pointer: '/listener', message: 'goes with profile "listener" only' }];
  return sent.flowId === undefined ? [] : [{ pointer: '/listener', message: 'takes the place of flowId: send one' }];
}

/** What of `methods` and `auth`, as they were sent, does not go with the profile; nothing of what is absent. */
export function profileProblems(profile: unknown, sent: { methods?: unknown; auth?: unknown }): FieldProblem[] {
  if (typeof profile !== 'string' || !Object.hasOwn(RULES, profile)) return [];
  const { methods, authTypes } = RULES[profile as TriggerProfileName];
  const problems: FieldProblem[] = [];
  const others = Array.isArray(sent.methods)
    ? sent.methods.filter((method) => !methods.includes(method as string))
    : [];
  if (others.length > 0 && methods.length < TRIGGER_METHODS.length) {
    problems.push({ pointer: '/methods', message: `profile "${profile}" knows ${methods.join(' and ')} only` });
  }
  const type = (sent.auth as { type?: unknown } | null | undefined)?.type;
  if (authTypes !== undefined && typeof type === 'string' && !authTypes.includes(type)) {
    const message = `of profile "${profile}" must be ${authTypes.map((name) => `"${name}"`).join(' or ')}`;
    problems.push({ pointer: '/auth/type', message });
  }
  return problems;
}

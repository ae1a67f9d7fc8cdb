import { DEFINITION_FIELDS } from '../flows/flow.rules.ts';
import type { JsonObject } from '../requests/validated.ts';
import type { Kind } from './app-document.rules.ts';

/** What a field is when nobody says anything; null unless it stands here. */
const DEFAULTS: Partial<Record<Kind, JsonObject>> = {
  eventTypes: { description: '', validate: false },
  triggers: { methods: ['POST'], enabled: true },
  endpoints: {
    description: '',
    method: 'POST',
    contentType: 'application/json',
    includeEntity: true,
    enabled: true,
    format: 'etl',
    concurrency: 10,
  },
};

/**
 * What stays as it is when a document does not say it: what a resource is found by, what cannot change, and what holds
 * something secret, which somebody who writes a document by hand should not lose by saying nothing.
 */
const STAYS: Partial<Record<Kind, readonly string[]>> = {
  eventTypes: ['name'],
  flows: ['name', 'externalKey', 'status', 'steps'],
  triggers: ['name', 'externalKey', 'flow', 'forwardTo', 'profile', 'listener', 'listenerField', 'auth', 'handshake'],
  endpoints: [
    'name',
    'externalKey',
    'kind',
    'hookType',
    'events',
    'url',
    'headers',
    'secret',
    'basicUser',
    'basicPass',
  ],
};

/**
 * A resource of a document, made to say everything, so that what the document leaves out becomes what it is by default.
 * @param shown the resource as it is now.
 */
export function wholeOf(kind: Kind, sent: JsonObject, shown: JsonObject): JsonObject {
  const fields = kind === 'flows' ? [...DEFINITION_FIELDS, 'listener'] : Object.keys(shown);
  const stays = STAYS[kind] ?? [];
  const silent = fields.filter((name) => sent[name] === undefined && !stays.includes(name));
  const ofKind = DEFAULTS[kind] ?? {};
  const ordering = shown.profile === 'listener' ? 'app' : null;
  return {
    ...Object.fromEntries(silent.map((name) => [name, name === 'ordering' ? ordering : (ofKind[name] ?? null)])),
    ...sent,
  };
}

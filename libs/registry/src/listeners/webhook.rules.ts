import type { AppCreated, TriggerState } from '@sluice/contracts';
import { registryError } from '../registry.errors.ts';
import { nameProblem, tidyName } from '../requests/name.rules.ts';
import { isJsonObject } from '../requests/validated.ts';

/** What `POST /app/webhooks` asks for. */
export interface WebhookRequest {
  name: string;
  /** The field that named the listener; the answer uses it too. */
  field: 'action' | 'listener';
  props: unknown;
}

const MAX_NAME = 200;

/**
 * LN-01, LN-02. Fields that are not known are left alone, as the vendor does.
 * @throws AppError `invalid_listener`
 */
export function webhookRequestOf(body: unknown): WebhookRequest {
  const sent = isJsonObject(body) ? body : {};
  const field = sent.action !== undefined || sent.listener === undefined ? 'action' : 'listener';
  const name = tidyName(listenerNameOf(sent[field]));
  const problem = nameProblem(name);
  if (problem !== null) throw registryError('invalid_listener', `The name of a listener ${problem}.`);
  return { name, field, props: sent.props ?? null };
}

/** @throws AppError `invalid_listener` */
export function listenerNameOf(name: unknown): string {
  if (typeof name === 'string' && name !== '' && name.length <= MAX_NAME) return name;
  throw registryError('invalid_listener', 'The name of a listener is missing.');
}

/**
 * An integer of a query string.
 * @throws AppError `null_parameters` when it is missing or none.
 */
export function integerOf(name: string, text: unknown): number {
  if (typeof text === 'string' && /^[0-9]{1,9}$/.test(text)) return Number(text);
  throw registryError('null_parameters', `The parameter ${name} is missing or not an integer.`);
}

/** A webhook in Lenra's shape, with exactly its keys. */
export function webhookOf(
  trigger: Pick<TriggerState, 'id' | 'props'> & { listener: NonNullable<TriggerState['listener']> },
  app: Pick<AppCreated, 'environmentId'>,
  userNumber: number | null,
): Record<string, unknown> {
  return {
    uuid: trigger.id,
    [trigger.listener.field]: trigger.listener.name,
    props: trigger.props ?? null,
    environment_id: app.environmentId,
    user_id: userNumber,
  };
}

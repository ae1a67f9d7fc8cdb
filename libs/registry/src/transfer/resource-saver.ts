import { Injectable } from '@nestjs/common';
import type { Actor, AppScope } from '@sluice/access';
import { AppError, type TriggerState } from '@sluice/contracts';
import { isDryRun } from '@sluice/platform';
import { Endpoints } from '../endpoints/endpoints.ts';
import { EventTypes } from '../event-types/event-types.ts';
import { type FlowResult, Flows } from '../flows/flows.ts';
import { checkedCron, Crons } from '../listeners/crons.ts';
import { registryError } from '../registry.errors.ts';
import { tidyName } from '../requests/name.rules.ts';
import type { JsonObject } from '../requests/validated.ts';
import { Triggers } from '../triggers/triggers.ts';
import { AppExport, type Present } from './app-export.ts';
import type { Kind } from './app-document.rules.ts';
import { exportedCron, exportedEndpoint, exportedEventType, exportedFlow } from './exported.rules.ts';
import { withForwardedIds } from './forwarding.rules.ts';
import type { PlannedSave } from './import-plan.rules.ts';
import { withMadeSecret } from './made-secret.ts';
import { wholeOf } from './whole-resource.rules.ts';

/** Whose app is changed, and by whom. */
export interface Importer {
  app: AppScope;
  actor: Actor;
  userId: string | null;
}

/** A resource after it was saved, or would have been. */
export interface SavedResource {
  streamVersion: number;
  /** As it stands in a document now. */
  shown: JsonObject;
  /** In clear, when they were made here. */
  token?: string;
  secret?: string;
}

/** Stands for what the same import makes. */
const NOT_MADE = '00000000-0000-7000-8000-000000000000';
const ABOUT_NOT_MADE = /^\/(?:flowId|forwardTo\/endpoints\/\d+)$/;

/** Saves and deletes one resource of a document, through the same doors as single requests. */
@Injectable()
export class ResourceSaver {
  constructor(
    private readonly present: AppExport,
    private readonly eventTypes: EventTypes,
    private readonly flows: Flows,
    private readonly triggers: Triggers,
    private readonly crons: Crons,
    private readonly endpoints: Endpoints,
  ) {}

  save(save: PlannedSave, importer: Importer): Promise<SavedResource> {
    const whole = save.present ? wholeOf(save.kind, save.sent, save.present.shown) : save.sent;
    switch (save.kind) {
      case 'eventTypes':
        return this.saveEventType(save, whole, importer);
      case 'flows':
        return this.saveFlow(save, whole, importer);
      case 'triggers':
        return save.present
          ? this.changeTrigger(save.present, whole, importer)
          : this.createTrigger(save, withMadeSecret('triggers', whole).body, importer);
      case 'crons':
        return this.saveCron(save, importer);
      case 'endpoints':
        return this.saveEndpoint(save, whole, importer);
    }
  }

  async delete(kind: Kind, present: Present, { app, actor }: Importer): Promise<void> {
    if (kind === 'eventTypes') await this.eventTypes.delete(present.id, app.id, actor);
    if (kind === 'flows') await this.flows.delete(present.id, app, actor, undefined);
    if (kind === 'triggers') await this.triggers.delete(present.id, app, actor);
    if (kind === 'crons') await this.crons.delete(present.id, app, actor);
    if (kind === 'endpoints') await this.endpoints.delete(present.id, app, actor, undefined);
  }

  private async saveEventType(
    { present }: PlannedSave,
    whole: JsonObject,
    { app, actor }: Importer,
  ): Promise<SavedResource> {
    const { name: _name, ...fields } = whole;
    const { value, streamVersion } = present
      ? await this.eventTypes.change(present.id, fields, app.id, actor)
      : await this.eventTypes.create(whole, app.id, actor);
    return { streamVersion, shown: exportedEventType(value) };
  }

  private async saveFlow({ present }: PlannedSave, whole: JsonObject, importer: Importer): Promise<SavedResource> {
    const { app, actor } = importer;
    const { draft, ...body } = whole;
    if (draft === undefined || draft === null) {
      const changed = present
        ? await this.flows.change(present.id, body, app, actor, undefined)
        : await this.flows.create(body, app.id, actor);
      return { streamVersion: changed.streamVersion, shown: shownOf(changed.value, null) };
    }
    const changed = present
      ? await this.flows.changeWithDraft(present.id, body, draft, app, actor)
      : await this.flows.createWithDraft(body, draft, app.id, actor);
    return { streamVersion: changed.streamVersion, shown: shownOf(changed.value, body) };
  }

  private async changeTrigger(
    present: Present,
    { flow: _flow, profile: _profile, listener: _listener, listenerField: _field, ...sent }: JsonObject,
    { app, actor }: Importer,
  ): Promise<SavedResource> {
    const { fields, isComplete } = await this.withEndpoints(sent, app.id);
    if (!isComplete) {
      await judged(() => this.triggers.change(present.id, fields, app, actor));
      return { streamVersion: present.streamVersion + 1, shown: { ...present.shown, forwardTo: sent.forwardTo } };
    }
    const { value, streamVersion } = await this.triggers.change(present.id, fields, app, actor);
    return { streamVersion, shown: await this.shownTrigger(value, present.shown.flow, app.id) };
  }

  private async createTrigger(
    { sent, flowId }: PlannedSave,
    { flow, listenerField, ...given }: JsonObject,
    importer: Importer,
  ): Promise<SavedResource> {
    const { app, actor, userId } = importer;
    const { fields, isComplete } = await this.withEndpoints(given, app.id);
    const id =
      flow === undefined ? undefined : (flowId ?? (await this.present.flowIdOf(app.id, tidyName(String(flow)))));
    const body = id === undefined ? fields : { ...fields, flowId: id ?? NOT_MADE };
    if (id === null || !isComplete) {
      await judged(() => this.triggers.create(body, app, actor));
      return { streamVersion: 0, shown: sent };
    }
    const field = listenerField === 'listener' ? 'listener' : 'action';
    const { value, streamVersion } = await this.triggers.create(body, app, actor, { field, userId });
    return {
      streamVersion,
      shown: await this.shownTrigger(value.state, flow, app.id),
      ...(value.token ? { token: value.token.clear } : {}),
      ...(value.secret === null ? {} : { secret: value.secret }),
    };
  }

  private async withEndpoints(sent: JsonObject, appId: string): Promise<{ fields: JsonObject; isComplete: boolean }> {
    if (!sent.forwardTo) return { fields: sent, isComplete: true };
    return withForwardedIds(sent, await this.present.endpointIdsOf(appId), NOT_MADE);
  }

  private async shownTrigger(state: TriggerState, flow: unknown, appId: string): Promise<JsonObject> {
    const names = state.forwardTo ? await this.present.endpointNamesOf(appId) : new Map<number, string>();
    return this.present.shownTrigger(state, String(flow), names);
  }

  /** Never changed: what a cron says is what it is. */
  private async saveCron(
    { sent, present, flowId }: PlannedSave,
    { app, actor, userId }: Importer,
  ): Promise<SavedResource> {
    if (present) return { streamVersion: present.streamVersion, shown: present.shown };
    const id = flowId ?? (await this.present.flowIdOfListener(app.id, String(sent.listener)));
    // Its listener is created by the same import.
    if (id === null) {
      requireRehearsal();
      return { streamVersion: 0, shown: { ...checkedCron(sent) } };
    }
    return { streamVersion: 1, shown: exportedCron(await this.crons.add(sent, app, actor, userId)) };
  }

  private async saveEndpoint(
    { present }: PlannedSave,
    whole: JsonObject,
    { app, actor }: Importer,
  ): Promise<SavedResource> {
    if (present) {
      const { value, streamVersion } = await this.endpoints.change(present.id, whole, app, actor, undefined);
      return { streamVersion, shown: exportedEndpoint(value) };
    }
    const { body, secret } = withMadeSecret('endpoints', whole);
    const { value, streamVersion } = await this.endpoints.create(body, app.id, actor);
    return { streamVersion, shown: exportedEndpoint(value), ...(secret === null ? {} : { secret }) };
  }
}

/** What a trigger names is made by the same import: in the rehearsal everything but that is judged. */
async function judged(save: () => Promise<unknown>): Promise<void> {
  requireRehearsal();
  try {
    await save();
  } catch (error) {
    const isOnlyThat = error instanceof AppError && error.errors.every(({ pointer }) => ABOUT_NOT_MADE.test(pointer));
    if (!isOnlyThat || error.errors.length === 0) throw error;
  }
}

/** In earnest the flow was made a moment ago: if it is not there, somebody deleted it since. @throws AppError 409 */
function requireRehearsal(): void {
  if (!isDryRun())
    throw registryError(
      'changed_meanwhile',
      'a flow or an endpoint of the document was deleted meanwhile: import again',
    );
}

function shownOf({ state, definition, published }: FlowResult, live: JsonObject | null): JsonObject {
  if (live === null || published === undefined) return exportedFlow(state, definition, null);
  return exportedFlow(state, published, definition);
}

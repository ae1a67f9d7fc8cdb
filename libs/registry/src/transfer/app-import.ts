import { Injectable } from '@nestjs/common';
import type { Actor, AppScope } from '@sluice/access';
import { AppError, type FieldProblem } from '@sluice/contracts';
import { rehearsed } from '@sluice/platform';
import type { Changed } from '../changes/changed.ts';
import { Endpoints } from '../endpoints/endpoints.ts';
import { EventTypes } from '../event-types/event-types.ts';
import { DEFINITION_FIELDS } from '../flows/flow.rules.ts';
import { Flows } from '../flows/flows.ts';
import { invalidRequest, type JsonObject, validated } from '../requests/validated.ts';
import { CreateTrigger } from '../triggers/trigger.requests.ts';
import { Triggers } from '../triggers/triggers.ts';
import { AppExport, type Present } from './app-export.ts';
import { documentOf, documentProblems, type Kind, shapeProblem } from './app-document.rules.ts';
import { type PlannedSave, planImport } from './import-plan.rules.ts';

/** What an import did, or in a dry run would do, with one resource. */
export interface ImportedResource {
  kind: Kind;
  name: string;
  action: 'create' | 'update' | 'delete' | 'unchanged';
  /** The token of a trigger that was created: shown only here. */
  token?: string;
}

export interface ImportRequest {
  sent: unknown;
  app: AppScope;
  actor: Actor;
  dryRun: boolean;
  /** Deletes what the document does not name. */
  prune: boolean;
}

const NO_FLOW = '00000000-0000-7000-8000-000000000000';

/**
 * Makes an app what a document says (RG-08), through the same doors as single changes. Everything is rehearsed before
 * anything is done, so what is refused changes nothing. Not one transaction: when the process ends in the middle, the
 * same import done again does the rest, because what is as it should be is left alone.
 */
@Injectable()
export class AppImport {
  constructor(
    private readonly present: AppExport,
    private readonly eventTypes: EventTypes,
    private readonly flows: Flows,
    private readonly triggers: Triggers,
    private readonly endpoints: Endpoints,
  ) {}

  /** @throws AppError `invalid_request` with a pointer into the document for each problem; nothing has changed then. */
  async apply(request: ImportRequest): Promise<ImportedResource[]> {
    const { sent, app, dryRun, prune } = request;
    const shape = shapeProblem(sent);
    const problems = shape === null ? documentProblems(sent) : [{ pointer: '', message: shape }];
    if (problems.length > 0) throw invalidRequest(problems);
    const plan = planImport(documentOf(sent as JsonObject), await this.present.contents(app.id));
    if (plan.problems.length > 0) throw invalidRequest(plan.problems);
    const surplus = prune ? plan.surplus : [];
    const would = await rehearsed(() => this.rehearse(plan.saves, request));
    const deletions = surplus.map(({ kind, present }) => ({ kind, name: present.name, action: 'delete' as const }));
    if (dryRun) return [...would, ...deletions];
    const done: ImportedResource[] = [];
    for (const [index, save] of plan.saves.entries()) {
      // Event types and flows come before the triggers that need them.
      if (would[index]?.action === 'unchanged') done.push(would[index]);
      else done.push(await this.saved(save, request));
    }
    for (const { kind, present } of surplus) await this.delete(kind, present, request);
    return [...done, ...deletions];
  }

  private async rehearse(saves: readonly PlannedSave[], request: ImportRequest): Promise<ImportedResource[]> {
    const problems: FieldProblem[] = [];
    const would: ImportedResource[] = [];
    for (const save of saves) {
      try {
        would.push(await this.saved(save, request));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        problems.push(...problemsIn(save, error));
      }
    }
    if (problems.length > 0) throw invalidRequest(problems);
    return would;
  }

  private async saved(save: PlannedSave, request: ImportRequest): Promise<ImportedResource> {
    const { kind, name, present } = save;
    const changed = await this.save(save, request);
    const isSame = present !== null && changed.streamVersion === present.streamVersion;
    const action = present === null ? 'create' : isSame ? 'unchanged' : 'update';
    return { kind, name, action, ...(changed.token === undefined ? {} : { token: changed.token }) };
  }

  private save(
    save: PlannedSave,
    request: ImportRequest,
  ): Promise<Pick<Changed<unknown>, 'streamVersion'> & { token?: string }> {
    const { kind, sent, present } = save;
    const { app, actor } = request;
    const { name: _name, ...fields } = sent;
    switch (kind) {
      case 'eventTypes':
        return present
          ? this.eventTypes.change(present.id, fields, app.id, actor)
          : this.eventTypes.create(sent, app.id, actor);
      case 'flows':
        return present
          ? this.flows.change(present.id, { ...WHOLE_DEFINITION, ...sent }, app, actor, undefined)
          : this.flows.create(sent, app.id, actor);
      case 'triggers':
        return this.saveTrigger(save, request);
      case 'endpoints':
        return present
          ? this.endpoints.change(present.id, sent, app, actor, undefined)
          : this.endpoints.create(sent, app.id, actor);
    }
  }

  private async saveTrigger(
    { sent, present }: PlannedSave,
    { app, actor, dryRun }: ImportRequest,
  ): Promise<{ streamVersion: number; token?: string }> {
    const { flow, listener, profile, ...fields } = sent;
    if (present) return this.triggers.change(present.id, fields, app, actor);
    const flowId = flow === undefined ? undefined : await this.present.flowIdOf(app.id, String(flow).trim());
    const body = {
      ...fields,
      ...(profile === undefined ? {} : { profile }),
      ...(listener === undefined ? {} : { listener }),
    };
    if (flowId === null) {
      // Its flow is created by the same import: of the rehearsal only the rest can be checked.
      await validated(CreateTrigger, { ...body, flowId: NO_FLOW });
      return { streamVersion: 0 };
    }
    const created = await this.triggers.create(flowId === undefined ? body : { ...body, flowId }, app, actor);
    const token = created.value.token?.clear;
    return { streamVersion: created.streamVersion, ...(token === undefined || dryRun ? {} : { token }) };
  }

  private async delete(kind: Kind, present: Present, { app, actor }: ImportRequest): Promise<void> {
    if (kind === 'eventTypes') await this.eventTypes.delete(present.id, app.id, actor);
    if (kind === 'flows') await this.flows.delete(present.id, app, actor, undefined);
    if (kind === 'triggers') await this.triggers.delete(present.id, app, actor);
    if (kind === 'endpoints') await this.endpoints.delete(present.id, app, actor, undefined);
  }
}

/** A part of a flow that the document leaves out is not there: null takes it away. */
const WHOLE_DEFINITION = Object.fromEntries(
  DEFINITION_FIELDS.filter((name) => name !== 'steps').map((name) => [name, null]),
);

function problemsIn({ pointer, name }: PlannedSave, error: AppError): FieldProblem[] {
  if (error.errors.length === 0) return [{ pointer, message: `${JSON.stringify(name)}: ${error.message}` }];
  return error.errors.map((problem) => ({ pointer: `${pointer}${problem.pointer}`, message: problem.message }));
}

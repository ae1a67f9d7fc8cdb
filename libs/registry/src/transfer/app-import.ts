import { Injectable } from '@nestjs/common';
import { AppError, type FieldProblem, type FlowDefinition } from '@sluice/contracts';
import { rehearsed } from '@sluice/platform';
import { ChangeLog } from '../changes/change-log.ts';
import { type Difference, differences } from '../changes/difference.rules.ts';
import { type BundledFlow, withBundle } from '../flows/flow-bundle.ts';
import { registryError } from '../registry.errors.ts';
import { invalidRequest, type JsonObject } from '../requests/validated.ts';
import { AppExport } from './app-export.ts';
import { documentOf, documentProblems, type Kind, kindsIn, shapeProblem } from './app-document.rules.ts';
import { type ImportPlan, type PlannedSave, planImport } from './import-plan.rules.ts';
import { type Importer, ResourceSaver } from './resource-saver.ts';

/** What an import did, or in a dry run would do, with one resource. */
export interface ImportedResource {
  kind: Kind;
  name: string;
  action: 'create' | 'update' | 'delete' | 'unchanged';
  /** Of an update: what differs, value by value. None: only something secret does. */
  changes?: Difference[];
  /** The token of a trigger that was created, and a secret that was made: shown only here. */
  token?: string;
  secret?: string;
}

/** What an import did, and whether some replica had not all of it when the wait was over. */
export interface Imported {
  changes: ImportedResource[];
  propagating: boolean;
}

export interface ImportRequest extends Importer {
  sent: unknown;
  dryRun: boolean;
  /** Deletes what the document does not name, of the kinds that it speaks of. */
  prune: boolean;
  /** More deletions than this are refused. */
  pruneLimit: number;
  /** Makes signing secrets that are masked in the document and not stored here. */
  makesSecrets: boolean;
}

/**
 * Makes an app what a document says (RG-08), through the same doors as single changes. Everything is rehearsed before
 * anything is done, so what is refused changes nothing. Not one transaction: when the process ends in the middle, the
 * same import done again does the rest, because what is as it should be is left alone.
 */
@Injectable()
export class AppImport {
  constructor(
    private readonly present: AppExport,
    private readonly saver: ResourceSaver,
    private readonly log: ChangeLog,
  ) {}

  /**
   * @throws AppError `invalid_request` with a pointer into the document for each problem, `prune_protected` when more
   *   would be deleted than was allowed; nothing has changed then.
   */
  async apply(request: ImportRequest): Promise<Imported> {
    const plan = await this.plan(request);
    requireFewDeletions(plan, request.pruneLimit);
    return withBundle(bundleOf(plan.saves), () => this.carryOutWhole(plan, request));
  }

  private async carryOutWhole(plan: ImportPlan, request: ImportRequest): Promise<Imported> {
    const would = await rehearsed(() => this.rehearse(plan.saves, request));
    const deletions = plan.surplus.map(({ kind, present: { name } }) => ({ kind, name, action: 'delete' as const }));
    if (request.dryRun) return { changes: [...would.map(withoutSecrets), ...deletions], propagating: false };
    const { value, propagating } = await this.log.waitingOnce(() => this.carryOut(plan, would, request));
    return { changes: [...value, ...deletions], propagating };
  }

  private async carryOut(
    { saves, surplus }: ImportPlan,
    would: readonly ImportedResource[],
    request: ImportRequest,
  ): Promise<ImportedResource[]> {
    const done: ImportedResource[] = [];
    for (const [index, save] of saves.entries()) {
      // Event types and flows come before what needs them.
      if (would[index]?.action === 'unchanged') done.push(would[index]);
      else done.push(await this.saved(save, request));
    }
    for (const { kind, present } of surplus) await this.saver.delete(kind, present, request);
    return done;
  }

  private async plan({ sent, app, prune, makesSecrets }: ImportRequest): Promise<ImportPlan> {
    const shape = shapeProblem(sent);
    const problems = shape === null ? documentProblems(sent) : [{ pointer: '', message: shape }];
    if (problems.length > 0) throw invalidRequest(problems);
    const checked = sent as JsonObject;
    const pruned = prune ? kindsIn(checked) : [];
    const plan = planImport(documentOf(checked), await this.present.contents(app.id), { pruned, makesSecrets });
    if (plan.problems.length > 0) throw invalidRequest(plan.problems);
    return plan;
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
    const { streamVersion, shown, ...secrets } = await this.saver.save(save, request);
    if (present === null) return { kind, name, action: 'create', ...secrets };
    if (streamVersion === present.streamVersion) return { kind, name, action: 'unchanged' };
    return { kind, name, action: 'update', changes: differences(present.shown, shown).changes };
  }
}

/** What is no list of steps is refused when the flow is rehearsed. */
function bundleOf(saves: readonly PlannedSave[]): BundledFlow[] {
  return saves
    .filter(({ kind, sent }) => kind === 'flows' && Array.isArray(sent.steps))
    .map(({ name, sent, present }) => ({
      id: present?.id ?? null,
      name,
      definition: { steps: sent.steps } as FlowDefinition,
    }));
}

/** What a rehearsal made is thrown away with it. */
function withoutSecrets({ token: _token, secret: _secret, ...resource }: ImportedResource): ImportedResource {
  return resource;
}

/** An empty or a wrong document must not empty an app. */
function requireFewDeletions({ surplus }: ImportPlan, limit: number): void {
  if (surplus.length <= limit) return;
  const named = surplus.slice(0, 5).map(({ kind, present }) => `${kind} ${JSON.stringify(present.name)}`);
  const detail = `${surplus.length} resources would be deleted (${named.join(', ')}${surplus.length > 5 ? ', …' : ''}), more than pruneLimit=${limit}`;
  throw registryError('prune_protected', detail);
}

function problemsIn({ pointer, name }: PlannedSave, error: AppError): FieldProblem[] {
  if (error.errors.length === 0) return [{ pointer, message: `${JSON.stringify(name)}: ${error.message}` }];
  return error.errors.map((problem) => ({ pointer: `${pointer}${problem.pointer}`, message: problem.message }));
}

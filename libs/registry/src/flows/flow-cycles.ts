import { Injectable } from '@nestjs/common';
import { type FieldProblem, type FlowDefinition, type FlowState, isUuid } from '@sluice/contracts';
import type { PoolClient } from 'pg';
import { invalidRequest } from '../requests/validated.ts';
import { type CertainCall, certainCalls } from './certain-calls.rules.ts';
import { type BundledFlow, bundledFlows } from './flow-bundle.ts';

/** Flows looked at on the way from one to itself. */
const MAX_FLOWS = 200;
/** Of the advisory locks of this database: who holds one for an app decides alone which of its flows call which. */
const LOCK_CLASS = 0x666c6f77;

interface Node {
  id: string;
  name: string;
  calls: readonly CertainCall[];
}

interface Step {
  node: Node;
  /** How it was come to: the flow before, and the pointer of the candidate's own step. */
  from: Step | null;
  pointer: string | null;
}

/**
 * Refuses flows that call each other in every run: none of their runs could end well. What stands under a condition may end; there the depth of
 * runs is the limit.
 */
@Injectable()
export class FlowCycles {
  /**
   * What has to run in the transaction that saves or publishes these definitions; nothing when they call nobody for certain. The others
   * count as new runs get them. Changes of one app that call come one after the other: two that were judged
   * beside each other could pass each other into a ring.
   * @param pointer what of the request is wrong, where it has no steps
   */
  guard(
    state: FlowState,
    definitions: readonly FlowDefinition[],
    pointer?: string,
  ): ((client: PoolClient) => Promise<void>) | undefined {
    const calling = definitions.map(certainCalls).filter((calls) => calls.length > 0);
    if (calling.length === 0) return undefined;
    const bundle = bundledFlows();
    return async (client) => {
      await client.query('select pg_advisory_xact_lock($1::int, hashtext($2))', [LOCK_CLASS, state.appId]);
      for (const calls of calling) {
        const problem = await new CycleSearch(client, bundle, state, calls).problem();
        if (problem) throw invalidRequest([pointer === undefined ? problem : { ...problem, pointer }]);
      }
    };
  }
}

/** Looks for a way from one flow, as it is to become, to itself. */
class CycleSearch {
  private readonly client: PoolClient;
  private readonly bundle: readonly BundledFlow[];
  private readonly state: FlowState;
  private readonly own: Node;
  private readonly known = new Map<string, Node | null>();

  constructor(client: PoolClient, bundle: readonly BundledFlow[], state: FlowState, calls: readonly CertainCall[]) {
    this.client = client;
    this.bundle = bundle;
    this.state = state;
    this.own = { id: state.id, name: state.name, calls };
  }

  async problem(): Promise<FieldProblem | null> {
    for (const isLink of [({ waits }: CertainCall) => waits, ({ always }: CertainCall) => always]) {
      const cycle = await this.cycle(isLink);
      if (cycle) return problemOf(cycle);
    }
    return null;
  }

  /** The shortest one, as its last step, which is the flow itself again. */
  private async cycle(isLink: (call: CertainCall) => boolean): Promise<Step | null> {
    const { own } = this;
    const seen = new Set([own.id]);
    const queue: Step[] = [{ node: own, from: null, pointer: null }];
    for (let step = queue.shift(); step !== undefined && seen.size < MAX_FLOWS; step = queue.shift()) {
      for (const call of step.node.calls.filter(isLink)) {
        const node = await this.find(call.flow);
        const next = node && { node, from: step, pointer: step.pointer ?? call.pointer };
        if (next?.node.id === own.id) return next;
        if (!next || seen.has(next.node.id)) continue;
        seen.add(next.node.id);
        queue.push(next);
      }
    }
    return null;
  }

  private async find(name: string): Promise<Node | null> {
    if (!this.known.has(name)) this.known.set(name, await this.load(name));
    return this.known.get(name) ?? null;
  }

  /** As the runner finds it: by id, or by a name or number that one flow of the app has. */
  private async load(name: string): Promise<Node | null> {
    const { own, bundle } = this;
    const { appId, number } = this.state;
    const digits = /^[1-9]\d{0,8}$/.test(name) ? Number(name) : null;
    const { rows } = await this.client.query<{ id: string; name: string; definition: string }>(
      `select f.id, f.name, v.definition from registry.flows f
         join registry.saved_flow_versions v on v.flow_id = f.id and v.version = coalesce(f.published_version, f.version)
       where f.app_id = $1 and not f.deleted and f.id <> $2 and (f.id = $3 or $3 is null and (f.name = $4 or f.number = $5))
       limit 2`,
      [appId, own.id, isUuid(name) ? name : null, name, digits],
    );
    const replaced = new Set(bundle.map(({ id }) => id));
    const isOwn = isUuid(name) ? name.toLowerCase() === own.id : name === own.name || digits === number;
    const found: Node[] = bundle
      .filter((flow) => flow.name !== own.name && flow.id !== own.id)
      .filter((flow) => flow.name === name || rows.some(({ id }) => id === flow.id))
      .map((flow) => ({ id: flow.id ?? `new ${flow.name}`, name: flow.name, calls: certainCalls(flow.definition) }));
    for (const row of rows.filter(({ id }) => !replaced.has(id)))
      found.push({
        id: row.id,
        name: row.name,
        calls: certainCalls(JSON.parse(row.definition) as FlowDefinition),
      });
    if (isOwn) found.push(own);
    return found.length === 1 ? (found[0] as Node) : null;
  }
}

function problemOf(last: Step): FieldProblem {
  const names: string[] = [];
  for (let step: Step | null = last; step; step = step.from) names.unshift(JSON.stringify(step.node.name));
  return {
    pointer: last.pointer ?? '/steps',
    message: `every run would call its own flow again: ${names.join(' → ')}; put the call under a condition`,
  };
}

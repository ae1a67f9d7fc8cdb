import { Injectable } from '@nestjs/common';
import { type FieldProblem, type FlowDefinition, type FlowState, isUuid } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { type CertainCall, certainCalls } from './certain-calls.rules.ts';
import { bundledFlows } from './flow-bundle.ts';

/** Flows looked at on the way from one to itself. */
const MAX_FLOWS = 200;

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
 * Finds flows that call each other in every run: none of their runs could end well. What stands under a condition may end, and what changes at
 * once in two flows is not seen; there the depth of runs is the limit.
 */
@Injectable()
export class FlowCycles {
  constructor(@InjectPool('registry') private readonly pool: Pool) {}

  /** @param definition what is saved or published; the others count as new runs get them. */
  async problemsOf(state: FlowState, definition: FlowDefinition): Promise<FieldProblem[]> {
    const calls = certainCalls(definition);
    if (calls.length === 0) return [];
    const own: Node = { id: state.id, name: state.name, calls };
    const known = new Map<string, Node | null>();
    for (const isLink of [({ waits }: CertainCall) => waits, ({ always }: CertainCall) => always]) {
      const cycle = await this.cycleOf(own, state, known, isLink);
      if (cycle) return [problemOf(cycle)];
    }
    return [];
  }

  /** The shortest one, as its last step, which is the flow itself again. */
  private async cycleOf(
    own: Node,
    state: FlowState,
    known: Map<string, Node | null>,
    isLink: (call: CertainCall) => boolean,
  ): Promise<Step | null> {
    const seen = new Set([own.id]);
    const queue: Step[] = [{ node: own, from: null, pointer: null }];
    for (let step = queue.shift(); step !== undefined && seen.size < MAX_FLOWS; step = queue.shift()) {
      for (const call of step.node.calls.filter(isLink)) {
        const node = await this.find(call.flow, own, state, known);
        const next = node && { node, from: step, pointer: step.pointer ?? call.pointer };
        if (next?.node.id === own.id) return next;
        if (!next || seen.has(next.node.id)) continue;
        seen.add(next.node.id);
        queue.push(next);
      }
    }
    return null;
  }

  private async find(name: string, own: Node, state: FlowState, known: Map<string, Node | null>): Promise<Node | null> {
    if (!known.has(name)) known.set(name, await this.load(name, own, state));
    return known.get(name) ?? null;
  }

  /** As the runner finds it: by id, or by a name or number that one flow of the app has. */
  private async load(name: string, own: Node, { appId, number }: FlowState): Promise<Node | null> {
    const digits = /^[1-9]\d{0,8}$/.test(name) ? Number(name) : null;
    const { rows } = await this.pool.query<{ id: string; name: string; definition: string }>(
      `select f.id, f.name, v.definition from registry.flows f
         join registry.saved_flow_versions v on v.flow_id = f.id and v.version = coalesce(f.published_version, f.version)
       where f.app_id = $1 and not f.deleted and f.id <> $2 and (f.id = $3 or $3 is null and (f.name = $4 or f.number = $5))
       limit 2`,
      [appId, own.id, isUuid(name) ? name : null, name, digits],
    );
    const bundled = bundledFlows();
    const replaced = new Set(bundled.map(({ id }) => id));
    const isOwn = isUuid(name) ? name.toLowerCase() === own.id : name === own.name || digits === number;
    const found: Node[] = bundled
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

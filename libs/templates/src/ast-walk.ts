import type { Arguments, Expr, Node, Statement } from './ast.ts';
import { argumentNodes } from './primary-parser.ts';

/** The nodes directly below one, in the order of evaluation. */
export function childNodes(node: Node): Node[] {
  switch (node.kind) {
    case 'const':
    case 'name':
    case 'nsref':
      return [];
    case 'tuple':
    case 'list':
    case 'concat':
      return node.items;
    case 'dict':
      return node.items.flatMap((item) => [item.key, item.value]);
    case 'attr':
    case 'unary':
      return [node.node];
    case 'item':
      return [node.node, node.key];
    case 'slice':
      return present(node.node, node.start, node.stop, node.step);
    case 'call':
    case 'filter':
    case 'test':
      return [...present(node.node), ...argumentNodes(node as Arguments)];
    case 'binary':
    case 'logic':
      return [node.left, node.right];
    case 'compare':
      return [node.first, ...node.rest.map((item) => item.node)];
    case 'cond':
      return present(node.test, node.yes, node.no);
    default:
      return statementChildren(node);
  }
}

function statementChildren(node: Statement): Node[] {
  switch (node.kind) {
    case 'output':
      return node.parts.filter((part) => typeof part !== 'string');
    case 'if':
      return [...node.branches.flatMap((branch) => [branch.test, ...branch.body]), ...node.otherwise];
    case 'for':
      return [node.target, node.iter, ...present(node.test), ...node.body, ...node.otherwise];
    case 'set':
      return [node.value, node.target];
    case 'setBlock':
      return [node.target, ...present(node.filter), ...node.body];
    case 'macro':
      return [...node.params, ...node.defaults, ...node.body];
    case 'callBlock':
      return [...node.params, ...node.defaults, node.call, ...node.body];
    case 'filterBlock':
      return [node.filter, ...node.body];
    case 'with':
      return [...node.values, ...node.targets, ...node.body];
  }
}

function present(...nodes: (Expr | null)[]): Expr[] {
  return nodes.filter((node) => node !== null);
}

/** Calls `visit` for every node of the trees, parents first; false from `visit` stops the walk below that node. */
export function walk(nodes: readonly Node[], visit: (node: Node) => boolean | void): void {
  for (const node of nodes) {
    if (visit(node) !== false) walk(childNodes(node), visit);
  }
}

/** Which of `names` are read in the trees before anything there assigns them (find_undeclared of Jinja's compiler). */
export function undeclared(nodes: readonly Node[], names: readonly string[]): Set<string> {
  const open = new Set(names);
  const found = new Set<string>();
  walk(nodes, (node) => {
    if (node.kind !== 'name') return;
    if (node.use === 'load' && open.has(node.name)) found.add(node.name);
    else open.delete(node.name);
  });
  return found;
}

/** Nodes of an expression: the steps that evaluating it once costs at least. */
export function costOf(node: Node): number {
  let count = 0;
  walk([node], () => {
    count += 1;
  });
  return count;
}

/** How deep closures call each other to run these statements, without the macros they call. */
export function heightOf(nodes: readonly Node[]): number {
  let height = 0;
  for (const node of nodes) {
    const own = 'depth' in node ? node.depth : 2 + heightOf(childNodes(node));
    if (own > height) height = own;
  }
  return height;
}

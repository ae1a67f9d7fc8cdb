import type { Expr, FilterExpr, Node, Statement, TestExpr } from './ast.ts';
import { undeclared, walk } from './ast-walk.ts';
import { FILTERS, REFUSED_FILTERS } from './filters.ts';
import { regexProgram } from './regex-filters.ts';
import { RegexError } from './regex/regex-syntax.ts';
import { misfit } from './signature.ts';
import type { Operation } from './signature.ts';
import { suggest } from './suggestion.ts';
import { TESTS } from './tests.ts';

export interface Finding {
  pos: number;
  message: string;
  suggestion?: string;
}

/** What parses but cannot work: unknown filters and tests, arguments that do not fit, assigning to `loop`. */
export function check(body: readonly Statement[]): Finding[] {
  const findings: Finding[] = [];
  walk(body, (node: Node) => {
    if (node.kind === 'filter') checkFilter(node, findings);
    else if (node.kind === 'test') checkOperation('test', node, TESTS, findings);
    else if (node.kind === 'for') checkLoop(node, findings);
    else if (node.kind === 'macro' || node.kind === 'callBlock') checkCaller(node, findings);
  });
  return findings;
}

function unknownName(kind: 'filter' | 'test', name: string, pos: number, known: Iterable<string>): Finding {
  const suggestion = suggest(name, known);
  const hint = suggestion === undefined ? '' : ` Did you mean '${suggestion}'?`;
  const finding: Finding = { pos, message: `No ${kind} named '${name}'.${hint}` };
  if (suggestion !== undefined) finding.suggestion = suggestion;
  return finding;
}

function checkFilter(node: FilterExpr, findings: Finding[]): void {
  const reason = REFUSED_FILTERS.get(node.name);
  if (reason !== undefined) {
    findings.push({ pos: node.pos, message: `The filter '${node.name}' is not available: ${reason}` });
    return;
  }
  checkOperation('filter', node, FILTERS, findings);
  if (node.name.startsWith('regex_')) checkPattern(node, findings);
  if (node.name === 'map') checkNamed('filter', node.args[0], FILTERS, findings);
  if (node.name === 'select' || node.name === 'reject') checkNamed('test', node.args[0], TESTS, findings);
  if (node.name === 'selectattr' || node.name === 'rejectattr') checkNamed('test', node.args[1], TESTS, findings);
}

/** A regular expression that is written out is checked now; others are when they are used. */
function checkPattern(node: FilterExpr, findings: Finding[]): void {
  const pattern = node.args[0] ?? node.kwargs.find((item) => item.name === 'pattern')?.value;
  if (pattern?.kind !== 'const' || typeof pattern.value !== 'string') return;
  try {
    regexProgram(pattern.value, false);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    findings.push({ pos: pattern.pos, message: `regular expression: ${error.message}` });
  }
}

/** A filter or test that another filter is given by its name. */
function checkNamed(
  kind: 'filter' | 'test',
  node: Expr | undefined,
  known: ReadonlyMap<string, Operation>,
  findings: Finding[],
): void {
  if (node?.kind !== 'const' || typeof node.value !== 'string' || known.has(node.value)) return;
  findings.push(unknownName(kind, node.value, node.pos, known.keys()));
}

function checkOperation(
  kind: 'filter' | 'test',
  node: FilterExpr | TestExpr,
  known: ReadonlyMap<string, Operation>,
  findings: Finding[],
): void {
  const operation = known.get(node.name);
  if (operation === undefined) {
    findings.push(unknownName(kind, node.name, node.pos, known.keys()));
    return;
  }
  if (operation.kind === 'variadic' || node.dynArgs !== null || node.dynKwargs !== null) return;
  const keywords = node.kwargs.map((item) => item.name);
  const problem = misfit(operation.params, operation.required, node.args.length, keywords);
  if (problem !== null) findings.push({ pos: node.pos, message: `${kind} '${node.name}' ${problem}` });
}

function checkLoop(loop: Statement & { kind: 'for' }, findings: Finding[]): void {
  walk([loop], (node) => {
    if (node.kind !== 'name' || node.use !== 'store' || node.name !== 'loop') return;
    const message = "Can't assign to special loop variable in for-loop target";
    if (!findings.some((finding) => finding.pos === node.pos)) findings.push({ pos: node.pos, message });
  });
}

function checkCaller(node: Statement & { kind: 'macro' | 'callBlock' }, findings: Finding[]): void {
  const index = node.params.findIndex((param) => param.name === 'caller');
  const hasDefault = index >= node.params.length - node.defaults.length;
  if (index === -1 || hasDefault || !undeclared(node.body, ['caller']).has('caller')) return;
  findings.push({
    pos: node.pos,
    message: 'the special "caller" argument must be omitted or be given a default',
  });
}

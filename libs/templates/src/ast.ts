export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** `pos` is the offset in the source; `depth` the height of the tree below, bounded by the parser. */
interface At {
  pos: number;
  depth: number;
}

export interface Arguments {
  args: Expr[];
  kwargs: { name: string; value: Expr }[];
  dynArgs: Expr | null;
  dynKwargs: Expr | null;
}

export interface ConstExpr extends At {
  kind: 'const';
  value: unknown;
}
export interface NameExpr extends At {
  kind: 'name';
  name: string;
  use: 'load' | 'store' | 'param';
}
/** `ns.attr` as the target of a `set`. */
export interface NamespaceRef extends At {
  kind: 'nsref';
  name: string;
  attr: string;
}
export interface TupleExpr extends At {
  kind: 'tuple';
  items: Expr[];
}
export interface ListExpr extends At {
  kind: 'list';
  items: Expr[];
}
export interface DictExpr extends At {
  kind: 'dict';
  items: { key: Expr; value: Expr }[];
}
export interface AttrExpr extends At {
  kind: 'attr';
  node: Expr;
  name: string;
}
export interface ItemExpr extends At {
  kind: 'item';
  node: Expr;
  key: Expr;
}
export interface SliceExpr extends At {
  kind: 'slice';
  node: Expr;
  start: Expr | null;
  stop: Expr | null;
  step: Expr | null;
}
export interface CallExpr extends At, Arguments {
  kind: 'call';
  node: Expr;
}
export interface FilterExpr extends At, Arguments {
  kind: 'filter';
  /** Null in a filter block, where the block's output is the value. */
  node: Expr | null;
  name: string;
}
export interface TestExpr extends At, Arguments {
  kind: 'test';
  node: Expr;
  name: string;
}
export interface UnaryExpr extends At {
  kind: 'unary';
  operator: '-' | '+' | 'not';
  node: Expr;
}
export interface BinaryExpr extends At {
  kind: 'binary';
  operator: BinaryOperator;
  left: Expr;
  right: Expr;
}
export interface LogicExpr extends At {
  kind: 'logic';
  operator: 'and' | 'or';
  left: Expr;
  right: Expr;
}
export interface CompareExpr extends At {
  kind: 'compare';
  first: Expr;
  rest: { operator: CompareOperator; node: Expr }[];
}
export interface ConcatExpr extends At {
  kind: 'concat';
  items: Expr[];
}
export interface CondExpr extends At {
  kind: 'cond';
  test: Expr;
  yes: Expr;
  no: Expr | null;
}

export type Expr =
  | ConstExpr
  | NameExpr
  | NamespaceRef
  | TupleExpr
  | ListExpr
  | DictExpr
  | AttrExpr
  | ItemExpr
  | SliceExpr
  | CallExpr
  | FilterExpr
  | TestExpr
  | UnaryExpr
  | BinaryExpr
  | LogicExpr
  | CompareExpr
  | ConcatExpr
  | CondExpr;

export type Target = NameExpr | NamespaceRef | TupleExpr;

export interface OutputStatement {
  kind: 'output';
  pos: number;
  parts: (string | Expr)[];
}
export interface IfStatement {
  kind: 'if';
  pos: number;
  branches: { test: Expr; body: Statement[] }[];
  otherwise: Statement[];
}
export interface ForStatement {
  kind: 'for';
  pos: number;
  target: Target;
  iter: Expr;
  body: Statement[];
  otherwise: Statement[];
  test: Expr | null;
  recursive: boolean;
}
export interface SetStatement {
  kind: 'set';
  pos: number;
  target: Target;
  value: Expr;
}
export interface SetBlockStatement {
  kind: 'setBlock';
  pos: number;
  target: Target;
  filter: FilterExpr | null;
  body: Statement[];
}
export interface MacroStatement {
  kind: 'macro';
  pos: number;
  name: NameExpr;
  params: NameExpr[];
  defaults: Expr[];
  body: Statement[];
}
export interface CallStatement {
  kind: 'callBlock';
  pos: number;
  params: NameExpr[];
  defaults: Expr[];
  call: CallExpr;
  body: Statement[];
}
export interface FilterStatement {
  kind: 'filterBlock';
  pos: number;
  filter: FilterExpr;
  body: Statement[];
}
export interface WithStatement {
  kind: 'with';
  pos: number;
  targets: Target[];
  values: Expr[];
  body: Statement[];
}

export type Statement =
  | OutputStatement
  | IfStatement
  | ForStatement
  | SetStatement
  | SetBlockStatement
  | MacroStatement
  | CallStatement
  | FilterStatement
  | WithStatement;

export type Node = Expr | Statement;

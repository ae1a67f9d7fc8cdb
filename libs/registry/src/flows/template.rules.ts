import { didYouMean, SECRETS_ROOT, TEMPLATE_ROOTS } from '@sluice/contracts';
import { compileTemplate, TemplateSyntaxError } from '@sluice/templates';
import { at, type FlowProblems } from './flow-problems.ts';

/** What a template may read where it stands. */
export interface TemplateScope {
  /** Refs of steps that certainly came before. */
  visible: ReadonlySet<string>;
  /** Refs anywhere in the flow, to tell an unknown ref from one that is not there yet. */
  all: ReadonlySet<string>;
  secrets: boolean;
}

const MARKS = /\{[{%#]/;
const ROOTS: readonly string[] = TEMPLATE_ROOTS;

export function isTemplate(text: string): boolean {
  return MARKS.test(text);
}

/** Names that a template reads from outside, or null when it does not parse (told as a problem). */
export function referencesOf(text: string, pointer: string, problems: FlowProblems): readonly string[] | null {
  try {
    return compileTemplate(text).references;
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    problems.add(pointer, `the template is not valid at line ${error.line}, column ${error.column}: ${error.message}`);
    return null;
  }
}

/** Checks one text: it parses, its filters exist, and what it reads is there. */
export function checkText(text: string, pointer: string, scope: TemplateScope, problems: FlowProblems): void {
  if (!isTemplate(text)) return;
  for (const name of referencesOf(text, pointer, problems) ?? []) {
    const problem = problemOfName(name, scope);
    if (problem) problems.add(pointer, problem);
    else if (name === SECRETS_ROOT && !namesEachSecret(text)) {
      problems.add(pointer, 'name each secret: {{ secrets.name }}; which ones a step gets is known before it runs');
    }
  }
}

/** What a template finds under a name that it makes up, or of all secrets at once, is nothing: it would send no credential. */
function namesEachSecret(text: string): boolean {
  for (const [code] of text.matchAll(/\{[{%].*?[}%]\}/gs)) {
    const named = code.replace(/\[\s*(?:'[^']+'|"[^"]+")\s*\]/g, '.x');
    const bare = named.replace(/'[^']*'|"[^"]*"/g, '');
    if (/(?<![.\w])secrets\b(?!\s*\.\s*[A-Za-z_])/.test(bare)) return false;
  }
  return true;
}

function problemOfName(name: string, scope: TemplateScope): string | null {
  if (scope.visible.has(name) || ROOTS.includes(name)) return null;
  if (name === SECRETS_ROOT) return scope.secrets ? null : 'secrets can only be used in http steps';
  if (scope.all.has(name)) return `the step "${name}" has not run yet at this point`;
  return `there is no step "${name}"${didYouMean(name, [...scope.visible, ...ROOTS])}`;
}

/** Every text inside any JSON, and where it stands. */
export function* textsIn(value: unknown, pointer: string): Generator<{ text: string; place: string }> {
  if (typeof value === 'string') yield { text: value, place: pointer };
  if (value === null || typeof value !== 'object') return;
  for (const [key, child] of Object.entries(value)) yield* textsIn(child, at(pointer, key));
}

/** Checks every text inside any JSON. */
export function checkValue(value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems): void {
  if (typeof value === 'string') {
    checkText(value, pointer, scope, problems);
    return;
  }
  if (value === null || typeof value !== 'object') return;
  for (const [key, child] of Object.entries(value)) checkValue(child, at(pointer, key), scope, problems);
}

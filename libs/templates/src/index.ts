export { compileTemplate, lintTemplate } from './template.ts';
export type { CompileOptions, EvaluateOptions, Template } from './template.ts';
export { TemplateCache } from './template-cache.ts';
export { TemplateError, TemplateSyntaxError } from './template-error.ts';
export type { TemplateErrorCode, TemplateProblem } from './template-error.ts';
export { exampleText, type TextBudget } from './regex/example-text.ts';
export { type LinearPattern, linearPattern } from './regex/linear-pattern.ts';

import { compileTemplate } from './template.ts';
import type { CompileOptions, Template } from './template.ts';

export interface TemplateCacheOptions extends CompileOptions {
  /** Most templates to keep; 1,000. */
  maxEntries?: number;
  /** Most characters of source to keep, of all templates together; 4 Mi (a compiled template takes about 50 bytes per character). */
  maxCharacters?: number;
}

/** Compiled templates by their source; the least recently used ones make room. */
export class TemplateCache {
  readonly #templates = new Map<string, Template>();
  readonly #maxEntries: number;
  readonly #maxCharacters: number;
  readonly #options: CompileOptions;
  #characters = 0;

  constructor({ maxEntries = 1000, maxCharacters = 4 << 20, ...options }: TemplateCacheOptions = {}) {
    this.#maxEntries = maxEntries;
    this.#maxCharacters = maxCharacters;
    this.#options = options;
  }

  get size(): number {
    return this.#templates.size;
  }

  /** @throws TemplateSyntaxError; a template that does not compile is not kept */
  get(source: string): Template {
    const known = this.#templates.get(source);
    if (known !== undefined) {
      this.#templates.delete(source);
      this.#templates.set(source, known);
      return known;
    }
    const template = compileTemplate(source, this.#options);
    this.#templates.set(source, template);
    this.#characters += source.length;
    this.#evict();
    return template;
  }

  #evict(): void {
    for (const [source] of this.#templates) {
      if (this.#templates.size <= this.#maxEntries && this.#characters <= this.#maxCharacters) return;
      this.#templates.delete(source);
      this.#characters -= source.length;
    }
  }
}

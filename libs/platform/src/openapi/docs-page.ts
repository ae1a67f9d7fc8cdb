import { createHash } from 'node:crypto';
import type { OpenApiDocument, Operation, Schema } from './openapi-document.ts';

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem}h2{margin-top:2rem;border-bottom:1px solid #8886}summary{cursor:pointer;padding:.35rem 0}
summary b{display:inline-block;width:4.5rem}code,pre{font:0.875rem/1.45 ui-monospace,monospace}
pre{overflow-x:auto;background:#8882;padding:.75rem;border-radius:.4rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #8883}
details>*:not(summary){margin-left:1rem}nav a{margin-right:.8rem;white-space:nowrap}`;

/** Nothing is loaded, nothing runs: the page is text, whatever stands in a description. */
export const DOCS_PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const text = (value: unknown): string => String(value ?? '').replaceAll(/[&<>"']/g, (each) => ENTITIES[each] as string);
const idOf = (value: string): string => value.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

/** The document as one page of HTML for people: every operation with its parameters, bodies and answers. */
export function docsPage(document: OpenApiDocument): string {
  const byTag = new Map<string, string[]>();
  for (const [route, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags?.[0] ?? 'other';
      byTag.set(tag, [...(byTag.get(tag) ?? []), operationHtml(method, route, operation)]);
    }
  }
  const tags = [...byTag.keys()].sort();
  const title = text(document.info?.title ?? 'API');
  const links = [...tags, 'schemas'].map((tag) => `<a href="#${idOf(tag)}">${text(tag)}</a>`).join('\n');
  const sections = tags.map((tag) => `<h2 id="${idOf(tag)}">${text(tag)}</h2>\n${(byTag.get(tag) ?? []).join('\n')}`);
  const schemas = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="${schemaId(name)}"><summary><code>${text(name)}</code></summary>${schemaHtml(schema as Schema)}</details>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title><style>${STYLE}</style></head><body>
<h1>${title} <small>${text(document.info?.version)}</small></h1>
<p>${text(document.info?.description)} For programs: <a href="openapi.json"><code>openapi.json</code></a> (OpenAPI ${text(document.openapi)}).</p>
<nav>${links}</nav>
${sections.join('\n')}
<h2 id="schemas">schemas</h2>
${schemas.join('\n')}
</body></html>
`;
}

const schemaId = (name: string): string => `schema-${idOf(name)}`;

function operationHtml(method: string, route: string, operation: Operation): string {
  const parameters = (operation.parameters ?? []).map(
    (each) =>
      `<tr><td><code>${text(each.name)}</code></td><td>${text(each.in)}${each.required ? ', required' : ''}</td><td>${typeHtml(each.schema)} ${text(each.description)}</td></tr>`,
  );
  const bodies = Object.entries(operation.requestBody?.content ?? {}).map(
    ([type, media]) => `<p>body <code>${text(type)}</code>: ${typeHtml(media.schema)}</p>${exampleHtml(media.example)}`,
  );
  const answers = Object.entries(operation.responses ?? {}).map(([status, response]) => {
    const contents = Object.entries(response.content ?? {}).map(
      ([type, media]) => `<code>${text(type)}</code> ${typeHtml(media.schema)}`,
    );
    return `<tr><td><code>${text(status)}</code></td><td>${text(response.description)}</td><td>${contents.join('<br>')}</td></tr>`;
  });
  return `<details id="${idOf(operation.operationId ?? `${method} ${route}`)}"><summary><b>${text(method.toUpperCase())}</b> <code>${text(route)}</code> ${text(operation.summary)}</summary>
${operation.description ? `<p>${text(operation.description)}</p>` : ''}
${parameters.length > 0 ? `<table>${parameters.join('')}</table>` : ''}
${bodies.join('\n')}
<table>${answers.join('')}</table></details>`;
}

function exampleHtml(example: unknown): string {
  return example === undefined ? '' : `<pre>${text(JSON.stringify(example, null, 2))}</pre>`;
}

/** A schema in one line: its name, linked, or its type. */
function typeHtml(schema: Schema | undefined): string {
  if (!schema) return '';
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return `<a href="#${schemaId(name)}"><code>${text(name)}</code></a>`;
  }
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    const parts = schema[keyword];
    if (Array.isArray(parts))
      return parts.map((part) => typeHtml(part as Schema)).join(keyword === 'allOf' ? ' & ' : ' | ');
  }
  if (Array.isArray(schema.enum))
    return `<code>${text(schema.enum.map((each) => JSON.stringify(each)).join(' | '))}</code>`;
  if (schema.type === 'array') return `list of ${typeHtml(schema.items as Schema | undefined)}`;
  return `<code>${text([schema.type ?? 'any'].flat().join(' | '))}</code>`;
}

function schemaHtml(schema: Schema): string {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const rows = Object.entries((schema.properties as Record<string, Schema> | undefined) ?? {}).map(
    ([name, property]) =>
      `<tr><td><code>${text(name)}</code></td><td>${required.has(name) ? 'required' : ''}</td><td>${typeHtml(property)} ${text(property.description)}</td></tr>`,
  );
  return rows.length > 0 ? `<table>${rows.join('')}</table>` : `<p>${typeHtml(schema)} ${text(schema.description)}</p>`;
}

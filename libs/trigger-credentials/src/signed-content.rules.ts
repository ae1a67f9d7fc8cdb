/** A piece of what is signed: text as it stands, or what the request fills in. */
export type ContentPart = Buffer | 'body' | 'timestamp' | 'id';

const PLACEHOLDER = /\{(body|timestamp|id)\}/g;

/** A template such as `v0:{timestamp}:{body}`, taken apart once so that nothing is parsed per request. */
export function contentPartsOf(template: string): ContentPart[] {
  const parts: ContentPart[] = [];
  let end = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    if (match.index > end) parts.push(Buffer.from(template.slice(end, match.index)));
    parts.push(match[1] as 'body' | 'timestamp' | 'id');
    end = match.index + match[0].length;
  }
  if (end < template.length) parts.push(Buffer.from(template.slice(end)));
  return parts;
}

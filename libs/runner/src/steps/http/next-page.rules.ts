import type { AnsweredPage, PageRule } from './http-request.ts';

/** The target of the first `Link` of relation `next` (RFC 8288 §3), or null. Reads the header once, from left to right. */
export function nextLink(header: string | undefined): string | null {
  const text = header ?? '';
  let at = 0;
  for (;;) {
    const open = text.indexOf('<', at);
    const close = open < 0 ? -1 : text.indexOf('>', open);
    if (close < 0) return null;
    const params = paramsAt(text, close + 1);
    if (params.relation.toLowerCase().split(/\s+/).includes('next')) return text.slice(open + 1, close).trim();
    at = params.end;
  }
}

/** The parameters of one link, up to the comma before the next. */
function paramsAt(text: string, from: number): { relation: string; end: number } {
  let relation: string | null = null;
  let at = from;
  while (at < text.length && text[at] !== ',') {
    const equals = text[at] === ';' ? /^;\s{0,20}rel\s{0,20}=\s{0,20}/i.exec(text.slice(at, at + 80)) : null;
    if (equals) at += equals[0].length;
    const isQuoted = text[at] === '"';
    const end = isQuoted ? endOfQuoted(text, at) : equals ? endOfToken(text, at) : at + 1;
    if (equals) relation ??= isQuoted ? text.slice(at + 1, end - 1) : text.slice(at, end);
    at = end;
  }
  return { relation: relation ?? '', end: at };
}

/** Past the closing quote of the quoted text that begins here. */
function endOfQuoted(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return Math.min(text.length, at + 1);
}

function endOfToken(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[\s;,]/.test(text[at] as string)) at += 1;
  return at;
}

/** The address with one query parameter set. */
export function withParam(url: string, param: string, value: string): string {
  const changed = new URL(url);
  changed.searchParams.set(param, value);
  return changed.href;
}

/** The next page's address cannot be used. */
export class NextPageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NextPageError';
  }
}

/**
 * The address of the page after this one, or null at the end.
 * @param collected how many items this page gave.
 * @throws NextPageError for an address of another origin: it would get the credentials of this one.
 */
export function nextUrl(rule: PageRule, page: AnsweredPage, url: string, collected: number): string | null {
  if (rule.by === 'page') {
    return collected === 0 ? null : withParam(url, rule.param, String(rule.start + page.number));
  }
  const next = rule.by === 'link' ? nextLink(page.headers.link) : rule.next(page);
  if (next === null || next === undefined || next === '' || next === false) return null;
  const text = typeof next === 'string' ? next : JSON.stringify(next);
  if (rule.by === 'cursor') return withParam(url, rule.param, text);
  if (!URL.canParse(text, url)) throw new NextPageError('the address of the next page is none');
  const target = new URL(text, url);
  if (target.origin !== new URL(url).origin) throw new NextPageError('the next page is at another origin');
  return target.href;
}

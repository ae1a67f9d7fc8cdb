import { MAX_COMMENT } from './decision.rules.ts';

/** The link is a secret: the page names no other server, is kept by nobody, and nobody can lay it under another one. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
};

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (mark) => ESCAPES[mark] as string);

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem; color: #1b1f24; }
textarea { width: 100%; min-height: 6rem; font: inherit; box-sizing: border-box; }
button { font: inherit; padding: .5rem 1.25rem; margin: 1rem .5rem 0 0; border: 1px solid #57606a; border-radius: .4rem;
  background: #fff; cursor: pointer; }
button[value=approve] { background: #1a7f37; border-color: #1a7f37; color: #fff; }
p.note { color: #57606a; }
</style></head><body><h1>${title}</h1>${content}</body></html>`;
}

/**
 * Asks for the decision. Opening it decides nothing: mail scanners and previews follow links.
 * @param step the key of the step that waits; @param message what the flow says about it.
 */
export function askPage(step: string, message: string | null): string {
  const said = message === null ? '' : `<p style="white-space: pre-wrap">${escaped(message)}</p>`;
  return page(
    'A decision is needed',
    `${said}<form method="post">
<p><label for="comment">Comment</label><br><textarea id="comment" name="comment" maxlength="${MAX_COMMENT}"></textarea></p>
<button name="decision" value="approve">Approve</button><button name="decision" value="reject">Reject</button>
</form><p class="note">Step ${escaped(step)}. The first decision counts.</p>`,
  );
}

export function donePage(approved: boolean): string {
  return page('Thank you', `<p>It is recorded that you ${approved ? 'approved' : 'rejected'}.</p>`);
}

/** Why nothing can be decided (any more). */
export function overPage(title: string, detail: string): string {
  return page(escaped(title), `<p>${escaped(detail)}</p>`);
}

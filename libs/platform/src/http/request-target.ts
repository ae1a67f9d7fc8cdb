const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;

/** A target as clients of a proxy send it (RFC 9112, 3.2.2: `http://host/path`) in origin-form: who it names is nobody's business here. */
export function originForm(target: string): string {
  if (target.startsWith('/') || !ABSOLUTE_FORM.test(target)) return target;
  const rest = target.replace(ABSOLUTE_FORM, '');
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** The path of a target in origin-form, without its query. */
export function pathOf(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}

/**
 * Whether somebody on the way could read the path as another one (RFC 3986, 6.2.2.3): segments that are dots, however
 * they are written, and backslashes. A `#` never belongs into a request, and programs end the path there or do not.
 */
export const isAmbiguous = (path: string): boolean => /[\\#]|%5c|(\/|%2f)(\.|%2e){1,2}(\/|%2f|$)/i.test(path);

/** As routers read a path: characters that need no encoding without it (RFC 3986, 6.2.2.2), `%2F` and others as they are. */
export const decodedUnreserved = (path: string): string =>
  path.includes('%')
    ? path.replace(/%(2d|2e|3\d|4[1-9a-f]|5[0-9a]|5f|6[1-9a-f]|7[0-9a]|7e)/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      )
    : path;

export const AMBIGUOUS_DETAIL = 'the path has segments that mean another path';

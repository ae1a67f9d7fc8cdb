/** In SQL: what JSON writes for NUL and for halves of surrogate pairs, which no `text` of PostgreSQL can hold. */
const UNREADABLE = String.raw`\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})`;

/**
 * SQL of a text column that holds JSON, as `json` from which `->>` can read. One escaped NUL or half a surrogate pair
 * anywhere in it, which any caller can send, would otherwise fail the whole statement, and with it a list of thousands. In
 * what is read they are blanks; an escaped backslash before `u0000` stays one, so the JSON stays valid.
 */
export function readableJson(column: string): string {
  return `(case when strpos(${column}, '\\u') = 0 then ${column}
    else regexp_replace(${column}, '${UNREADABLE}', '\\\\u0020', 'g') end)::json`;
}

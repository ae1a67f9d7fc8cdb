import { createHash, createHmac } from 'node:crypto';
import { pairs } from './collection-methods.ts';
import { isDict, textOf } from './compare.ts';
import { copyItems, itemsOf } from './iterate.ts';
import { parseJson } from './json-parse.ts';
import { dumpJson } from './json-dump.ts';
import { toText } from './print.ts';
import type { Runtime } from './runtime.ts';
import { fixed } from './signature.ts';
import type { Operation } from './signature.ts';
import { valueError } from './template-error.ts';
import { textArgument } from './text-tools.ts';
import { Markup, Range, Tuple, Undefined } from './values.ts';

/** A text as UTF-8; half a surrogate pair has no UTF-8. */
function utf8(rt: Runtime, text: string): Buffer {
  rt.spendText(text.length, 2);
  if (!text.isWellFormed()) throw valueError('the text is not valid Unicode');
  return Buffer.from(text, 'utf8');
}

function quote(rt: Runtime, value: unknown, forQuery: boolean): string {
  const text = toText(rt, value);
  utf8(rt, text);
  rt.spendText(text.length, 3);
  const quoted = encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  rt.spendCopy(quoted.length);
  return forQuery ? quoted.replaceAll('%20', '+') : quoted.replaceAll('%2F', '/');
}

function urlEncode(rt: Runtime, value: unknown): string {
  const isIterable =
    Array.isArray(value) || value instanceof Tuple || value instanceof Range || value instanceof Undefined;
  if (!isDict(value) && !isIterable) return quote(rt, value, false);
  const entries = isDict(value) ? pairs(rt, value) : itemsOf(rt, value).map((item) => pair(rt, item));
  return rt.made(entries.map(([key, item]) => `${quote(rt, key, true)}=${quote(rt, item, true)}`).join('&'));
}

function pair(rt: Runtime, item: unknown): [unknown, unknown] {
  const parts = copyItems(rt, item);
  if (parts.length !== 2) throw valueError('urlencode needs pairs of a name and a value');
  return [parts[0], parts[1]];
}

function digest(algorithm: string): Operation {
  return fixed([], 0, (rt, value) =>
    createHash(algorithm)
      .update(utf8(rt, toText(rt, value)))
      .digest('hex'),
  );
}

function hmac(algorithm: string): Operation {
  return fixed(['key'], 1, (rt, value, [key]) => {
    const secret = utf8(rt, textArgument(key, '', 'the key'));
    return createHmac(algorithm, secret)
      .update(utf8(rt, toText(rt, value)))
      .digest('hex');
  });
}

function decodeBase64(rt: Runtime, value: unknown): string {
  const text = textArgument(value, '', 'base64').replace(/[\t\n\v\f\r ]/g, '');
  rt.spendText(text.length);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw valueError('the text is not base64');
  const decoded = Buffer.from(text, 'base64');
  const result = decoded.toString('utf8');
  if (!Buffer.from(result, 'utf8').equals(decoded)) throw valueError('the decoded bytes are not UTF-8 text');
  return result;
}

export const ENCODING_FILTERS: readonly (readonly [string, Operation])[] = [
  ['tojson', fixed(['indent'], 0, (rt, value, [indent]) => new Markup(dumpJson(rt, value, indent)))],
  ['fromjson', fixed([], 0, (rt, value) => parseJson(rt, textArgument(value, '', 'JSON')))],
  ['urlencode', fixed([], 0, urlEncode)],
  ['b64encode', fixed([], 0, (rt, value) => utf8(rt, textOf(value) ?? toText(rt, value)).toString('base64'))],
  ['b64decode', fixed([], 0, decodeBase64)],
  ['md5', digest('md5')],
  ['sha1', digest('sha1')],
  ['sha256', digest('sha256')],
  ['sha512', digest('sha512')],
  ['hmac_sha1', hmac('sha1')],
  ['hmac_sha256', hmac('sha256')],
];

/**
 * Runs inside the sandbox before the customer's code, and is not trusted more than that: whatever the code does to the
 * objects it can reach, nothing but text leaves. Gives `(code, inputText, seed) => Promise<text>`; the text is `v` and
 * JSON, or `e` and a JSON of `{name, message, stack}`.
 *
 * Formatting what is printed happens here too, where getters and proxies cost only the guest's own time.
 */
export const GUEST_PRELUDE = String.raw`(function (write) {
  'use strict';
  const { stringify, parse } = JSON;
  const StringOf = String;
  const TypeErrorOf = TypeError;
  const text = (value) => {
    try {
      if (typeof value === 'string') return value;
      if (value instanceof Error) return StringOf(value);
      if (typeof value === 'object' && value !== null) return stringify(value) ?? StringOf(value);
      return typeof value === 'function' ? '[function]' : StringOf(value);
    } catch {
      return '[cannot be shown]';
    }
  };
  const shown = {};
  for (const level of ['log', 'info', 'warn', 'error', 'debug']) {
    shown[level] = (...values) => {
      let line = '';
      for (let index = 0; index < values.length && line.length < 20000; index += 1) {
        line += (index === 0 ? '' : ' ') + text(values[index]).slice(0, 20000);
      }
      write(level, line);
    };
  }
  globalThis.console = shown;
  delete globalThis.performance;

  // sfc32: small, and good enough for anything that is no secret.
  const randomOf = (a, b, c) => {
    let counter = 1;
    const next = () => {
      const sum = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (c << 21) | (c >>> 11);
      c = (c + sum) | 0;
      return (sum >>> 0) / 4294967296;
    };
    for (let round = 0; round < 12; round += 1) next();
    return next;
  };

  const part = (read) => {
    try {
      const value = read();
      return typeof value === 'string' ? value.slice(0, 2000) : '';
    } catch {
      return '';
    }
  };
  const told = (thrown) => {
    // The engine throws null when not even an error fits into what memory is left.
    if (thrown === null) return { name: '', message: 'null was thrown: by the code, or because no memory was left', stack: '' };
    if (typeof thrown !== 'object') return { name: '', message: text(thrown).slice(0, 2000), stack: '' };
    const told = { name: part(() => thrown.name), message: part(() => thrown.message), stack: part(() => thrown.stack) };
    return told.name === '' && told.message === '' ? { ...told, message: text(thrown).slice(0, 2000) } : told;
  };

  return async (code, inputText, a, b, c) => {
    Math.random = randomOf(a, b, c);
    try {
      const value = await code(parse(inputText));
      const json = stringify(value);
      if (json !== undefined) return 'v' + json;
      if (value === undefined) return 'vnull';
      throw new TypeErrorOf('the code returned a ' + typeof value + ', which has no JSON');
    } catch (thrown) {
      // Without a prototype, so that no toJSON that the code put there is asked.
      return 'e' + stringify({ __proto__: null, ...told(thrown) });
    }
  };
})`;

/** Source that attacks the sandbox, by what it does, with the codes it may end with; `null` is a result. */
export const HOSTILE_CODE: ReadonlyMap<string, { source: string; ends: readonly (string | null)[] }> = new Map(
  Object.entries({
    'an endless loop': { source: 'for (;;);', ends: ['code_timeout'] },
    'an endless loop that catches everything': {
      source: 'for (;;) { try { for (;;); } catch { 0; } finally { for (;;); } }',
      ends: ['code_timeout'],
    },
    'an endless chain of promises': {
      source: 'const again = () => Promise.resolve().then(again); await again();',
      ends: ['code_timeout'],
    },
    'an endless await': { source: 'for (;;) await null;', ends: ['code_timeout'] },
    'promises that multiply': {
      source:
        'const f = () => { Promise.resolve().then(f); Promise.resolve().then(f); }; f(); await new Promise(() => {});',
      ends: ['code_timeout', 'code_memory', 'code_failed'],
    },
    'a promise that nothing settles': { source: 'await new Promise(() => {});', ends: ['code_failed'] },
    'a thenable that never answers': { source: 'return { then() {} };', ends: ['code_failed'] },
    'a thenable without end': { source: 'return { then(go) { go(this); } };', ends: ['code_timeout'] },
    'a regular expression that backtracks': {
      source: 'return /^(a+)+$/.test("a".repeat(50) + "b");',
      ends: ['code_timeout'],
    },
    'a sort of ten million': {
      source: 'return new Array(3e6).fill(1).map((_, i) => -i).sort((a, b) => a - b).length;',
      ends: ['code_timeout', 'code_memory'],
    },
    'a native loop without an end': {
      source: 'return Array.from({ length: 2 ** 31 });',
      ends: ['code_timeout', 'code_memory'],
    },
    'a native search through a hole': {
      source: 'return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);',
      ends: ['code_timeout'],
    },
    'a native join of nothing': {
      source: 'return Array.prototype.join.call({ length: 2 ** 32 - 1 }, "").length;',
      ends: ['code_timeout', 'code_memory', 'code_failed', null],
    },
    'an array that grows': { source: 'const a = []; for (;;) a.push(new Array(1000).fill(0));', ends: ['code_memory'] },
    'an array that grows, and errors are caught': {
      source: 'const a = []; for (;;) { try { a.push(new Array(1000).fill(0)); } catch { 0; } }',
      ends: ['code_timeout', 'code_memory'],
    },
    'a string that doubles': { source: 'let s = "x"; for (;;) s += s;', ends: ['code_memory', 'code_failed'] },
    'a huge buffer': { source: 'return new ArrayBuffer(2 ** 31).byteLength;', ends: ['code_memory', 'code_failed'] },
    'a huge padding': {
      source: 'return "".padStart(2 ** 30 - 1, "ab").length;',
      ends: ['code_memory', 'code_failed', 'code_timeout'],
    },
    'a huge number': {
      source: 'return String((2n ** 900000n) ** 900n);',
      ends: ['code_failed', 'code_memory', 'code_timeout'],
    },
    'numbers that take long': {
      source: 'let n = 3n ** 200000n; for (;;) n = (n * n) % (3n ** 200001n);',
      ends: ['code_timeout', 'code_failed', 'code_memory'],
    },
    'calls without end': { source: 'const f = () => f() + 1; return f();', ends: ['code_failed'] },
    'calls without end through JSON': {
      source: 'const f = { toJSON() { return JSON.stringify(f); } }; return f;',
      ends: ['code_failed'],
    },
    'calls without end through a getter': {
      source: 'const o = { get a() { return this.a; } }; return o.a;',
      ends: ['code_failed'],
    },
    'nested data without end': {
      source: 'let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return a;',
      ends: ['code_failed', 'code_memory'],
    },
    'nested proxies': {
      source: 'let o = {}; for (let i = 0; i < 1e5; i++) o = new Proxy(o, {}); return o.x;',
      ends: ['code_failed', 'code_memory', 'code_timeout', null],
    },
    'deeply nested source': { source: 'return eval("(".repeat(1e5));', ends: ['code_failed'] },
    'a deeply nested pattern': {
      source: 'return new RegExp("(".repeat(1e5) + ")".repeat(1e5)).source.length;',
      ends: ['code_failed', 'code_memory', null],
    },
    'a proxy as the result': {
      source: 'return new Proxy({}, { ownKeys() { for (;;); } });',
      ends: ['code_timeout'],
    },
    'a proxy with more keys than there are': {
      source:
        'return new Proxy({}, { ownKeys: () => Array.from({ length: 1e5 }, (_, i) => "k" + i), getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }), get: () => "x".repeat(1e5) });',
      ends: ['code_memory', 'code_failed', 'code_timeout'],
    },
    'a getter in the result': { source: 'return { get a() { for (;;); } };', ends: ['code_timeout'] },
    'toJSON that does not end': { source: 'return { toJSON() { for (;;); } };', ends: ['code_timeout'] },
    'an error whose message does not end': {
      source: 'throw { get message() { for (;;); } };',
      ends: ['code_timeout'],
    },
    'an error that cannot be shown': {
      source: 'throw new Proxy({}, { get() { throw new Error("no"); }, getPrototypeOf() { throw 1; } });',
      ends: ['code_failed'],
    },
    'a changed JSON': { source: 'JSON.stringify = () => "}"; JSON.parse = null; return 1;', ends: [null] },
    'a changed toJSON of everything': {
      source: 'Object.prototype.toJSON = () => undefined; throw new Error("x");',
      ends: ['code_failed'],
    },
    'changed promises': {
      source: 'Promise.prototype.then = () => { for (;;); }; Promise = null; return 1;',
      ends: [null],
    },
    'a closed function': { source: '}); for (;;); (async function () {', ends: ['code_timeout', 'code_syntax'] },
    'a console without end': { source: 'for (;;) console.log("x".repeat(1000));', ends: ['code_timeout'] },
    'a line as long as the memory': {
      source: 'console.log("x".repeat(1e7)); return 1;',
      ends: [null, 'code_memory'],
    },
    'a result as long as the memory': {
      source: 'return "x".repeat(5e6);',
      ends: ['code_result_too_large', 'code_memory'],
    },
    'a result of control characters': {
      source: 'return "\\u0001".repeat(1e5);',
      ends: ['code_result_too_large'],
    },
    'finalizers that run code': {
      source:
        'const r = new FinalizationRegistry(() => { for (;;); }); for (let i = 0; i < 1e4; i++) r.register({}, 1); return 1;',
      ends: [null, 'code_timeout'],
    },
    'waiting for a shared memory': {
      source: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);',
      ends: ['code_failed'],
    },
  }),
);

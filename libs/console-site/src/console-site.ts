import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SITE_HEADERS } from './site-headers.ts';

/** Everything below it is the console's. */
export const CONSOLE_PATH = '/console';

const BUILT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../apps/console/dist/site');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
};
/** Their names carry a hash of what is in them, so what a browser has once is never asked for again. */
const HASHED = '/assets/';
const NOT_BUILT = `<!doctype html><html lang="en"><title>Sluice</title>
<h1>The console is not built</h1><p>Run <code>npm run build</code>, then load this page again.</p></html>
`;

export interface SiteRequest {
  method: string;
  /** Path with or without its query. */
  url: string;
  acceptEncoding: string | undefined;
  ifNoneMatch: string | undefined;
}

export interface SiteAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
}

interface SiteFile {
  plain: Buffer;
  gzip: Buffer | null;
  type: string;
  etag: string;
}

/**
 * The built console as answers. Its files are read when one of them is asked for first and kept (about a megabyte): a
 * path is only ever compared with their names, so no path leads out of the directory.
 */
export class ConsoleSite {
  #files: ReadonlyMap<string, SiteFile> = new Map();
  #builtMs = 0;

  constructor(private readonly directory: string = BUILT) {}

  /** The answer for `/` and everything below /console; null when the path is somebody else's. */
  answer(request: SiteRequest): SiteAnswer | null {
    const [where = '/'] = request.url.split('?', 1);
    const isOurs = where === '/' || where === CONSOLE_PATH || where.startsWith(`${CONSOLE_PATH}/`);
    if (!isOurs || (request.method !== 'GET' && request.method !== 'HEAD')) return null;
    if (where === '/' || where === CONSOLE_PATH) return redirection(`${CONSOLE_PATH}/`);
    const files = this.#read();
    const name = where.slice(CONSOLE_PATH.length);
    const file = files.get(name);
    if (file && name !== '/index.html') return answerWith(file, request, cachingOf(name));
    // A chunk of the version before: the page tells its reader to load it again, and must not get HTML for a script.
    if (name.startsWith(HASHED)) return plain(404, 'there is no such file in this version');
    // Every screen has an address, and all of them are this one page.
    const page = files.get('/index.html');
    return page ? answerWith(page, request, 'no-cache') : notBuilt();
  }

  /** Read anew when it was built anew: one look at the clock of one file. */
  #read(): ReadonlyMap<string, SiteFile> {
    const builtMs = statSync(path.join(this.directory, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (builtMs !== this.#builtMs) {
      this.#files = readFiles(this.directory);
      this.#builtMs = builtMs;
    }
    return this.#files;
  }
}

const cachingOf = (name: string): string =>
  name.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'no-cache';

function readFiles(directory: string): Map<string, SiteFile> {
  const files = new Map<string, SiteFile>();
  const names = namesBelow(directory);
  for (const name of names) {
    const type = TYPES[path.extname(name)];
    if (!type) continue;
    const plain = readFileSync(path.join(directory, name));
    const gzip = names.includes(`${name}.gz`) ? readFileSync(path.join(directory, `${name}.gz`)) : null;
    const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
    files.set(`/${name.split(path.sep).join('/')}`, { plain, gzip, type, etag });
  }
  return files;
}

function namesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function answerWith(file: SiteFile, request: SiteRequest, caching: string): SiteAnswer {
  const headers: Record<string, string> = { ...SITE_HEADERS, 'cache-control': caching, etag: file.etag };
  if (file.gzip) headers.vary = 'accept-encoding';
  if (request.ifNoneMatch?.split(/\s*,\s*/).includes(file.etag)) return { status: 304, headers, body: '' };
  headers['content-type'] = file.type;
  const isSmall = file.gzip !== null && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(request.acceptEncoding ?? '');
  if (isSmall) headers['content-encoding'] = 'gzip';
  const body = isSmall ? (file.gzip as Buffer) : file.plain;
  headers['content-length'] = String(body.length);
  return { status: 200, headers, body };
}

const redirection = (location: string): SiteAnswer => ({
  status: 302,
  headers: { ...SITE_HEADERS, location, 'cache-control': 'no-cache', 'content-length': '0' },
  body: '',
});

function plain(status: number, text: string, type = 'text/plain; charset=utf-8'): SiteAnswer {
  const length = String(Buffer.byteLength(text));
  const headers = { ...SITE_HEADERS, 'content-type': type, 'content-length': length, 'cache-control': 'no-store' };
  return { status, headers, body: text };
}

const notBuilt = (): SiteAnswer => plain(503, NOT_BUILT, TYPES['.html']);

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Bytes of JavaScript, compressed, that a first visit may load (CO-02), wherever it lands on the shell. */
const FIRST_LOAD_BYTES = 300_000;
const COMPRESSED = /\.(js|css|svg|html|json)$/;

/** A copy of each file as it is sent, so that no server compresses anything; and a build that fails when it grew too big. */
function compressAndMeasure(): Plugin {
  return {
    name: 'sluice-compress-and-measure',
    apply: 'build',
    enforce: 'post',
    // From the disk: other plugins still change the code of chunks after `generateBundle`.
    writeBundle({ dir = '' }, bundle) {
      const sizes = new Map<string, number>();
      for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        if (!COMPRESSED.test(name)) continue;
        const source = gzipSync(readFileSync(path.join(dir, name)), { level: 9 });
        sizes.set(name, source.length);
        writeFileSync(path.join(dir, `${name}.gz`), source);
      }
      const first = new Set<string>();
      const add = (name: string): void => {
        const chunk = bundle[name];
        if (chunk?.type !== 'chunk' || first.has(name)) return;
        first.add(name);
        for (const imported of chunk.imports) add(imported);
      };
      for (const [name, output] of Object.entries(bundle)) if (output.type === 'chunk' && output.isEntry) add(name);
      const bytes = [...first].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
      console.log(
        `first load: ${(bytes / 1000).toFixed(1)} kB of JavaScript, compressed (at most ${FIRST_LOAD_BYTES / 1000})`,
      );
      if (bytes > FIRST_LOAD_BYTES)
        throw new Error(`the first load is ${bytes} bytes: load screens and libraries lazily`);
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react(), compressAndMeasure()],
  css: { modules: { localsConvention: 'camelCaseOnly' } },
  build: {
    outDir: 'dist/site',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: true,
    rolldownOptions: {
      input: {
        index: path.join(import.meta.dirname, 'index.html'),
        portal: path.join(import.meta.dirname, 'src/portal/portal.tsx'),
      },
      output: {
        // The page of the customer portal comes from the registry, which knows no hashes of ours.
        entryFileNames: (chunk) => (chunk.name === 'portal' ? 'portal.js' : 'assets/[name]-[hash].js'),
        assetFileNames: (asset) =>
          asset.names.includes('portal.css') ? 'portal.css' : 'assets/[name]-[hash][extname]',
      },
    },
  },
  // npm run dev -w @sluice/console: the screens from their sources, the API from a running product.
  server: { proxy: { '^/(v1|openapi.json|app|api|t)(/|$)': process.env.SLUICE_URL ?? 'http://127.0.0.1:8080' } },
});

import v8 from 'node:v8';
import vm from 'node:vm';

/**
 * Collects everything that is garbage now and gives its memory back to the operating system; takes 40 to 100 ms.
 * For the end of a start, whose modules, documents and loaded tables leave a heap of which half is empty pages that Node
 * keeps for itself: measured on standalone, 183 MiB resident become 133, with 100,000 triggers 364 become 210.
 */
export function collectGarbage(): void {
  // Node names the collector only to processes started with --expose-gc, which a package's start script cannot rely on.
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void;
  v8.setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', flavor: 'last-resort' });
}

import { runProcess } from '@sluice/wiring';
import { startEdge } from './edge.ts';

const args = process.argv.slice(2);
if (args.length > 0) {
  process.stderr.write('Usage: node main.js\nAll settings are environment variables; README.md lists them.\n');
  process.exit(args[0] === '--help' ? 0 : 2);
}
await runProcess(startEdge);

import { runProcess } from '@sluice/wiring';
import { startDistributed } from './distributed.ts';

const args = process.argv.slice(2);
if (args.length > 0) {
  process.stderr.write(
    'Usage: npm run start:distributed\nAll settings are environment variables or lines of a .env file; README.md lists them.\n',
  );
  process.exit(args[0] === '--help' ? 0 : 2);
}
await runProcess(startDistributed);

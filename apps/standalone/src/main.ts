import { runProcess } from '@sluice/wiring';
import { startStandalone } from './standalone.ts';

const args = process.argv.slice(2);
const [unknown] = args.filter((arg) => arg !== '--help');
if (args.length > 0) {
  if (unknown !== undefined) process.stderr.write(`There is no argument "${unknown.slice(0, 100)}".\n`);
  process.stderr.write(
    'Usage: npm start\nAll settings are environment variables or lines of a .env file; README.md lists them.\n',
  );
  process.exit(unknown === undefined ? 0 : 2);
}
await runProcess(startStandalone);

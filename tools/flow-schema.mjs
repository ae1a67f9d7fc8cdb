// Writes docs/flow.schema.json, which editors complete flows from. After a change of the language:
//   npx tsc -b (or npm run build), then node tools/flow-schema.mjs
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { flowJsonSchema } from '../libs/registry/dist/flows/flow-json-schema.js';

const file = fileURLToPath(new URL('../docs/flow.schema.json', import.meta.url));
await writeFile(file, `${JSON.stringify(flowJsonSchema(), null, 2)}\n`);
execFileSync('npx', ['biome', 'format', '--write', file], { stdio: 'ignore' });

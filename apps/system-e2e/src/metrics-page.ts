import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { System } from '@sluice/testing';

/** `name type` of every metric of ours that docs/metrics.md lists below the headings that `isWanted` accepts. */
export function documentedMetrics(isWanted: (heading: string) => boolean): string[] {
  const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');
  return page
    .split('\n## ')
    .filter((section) => isWanted(section.split('\n', 1)[0] ?? ''))
    .flatMap((section) => [...section.matchAll(/^\| `(sluice_\w+)` \| (\w+) \|/gm)].map((row) => `${row[1]} ${row[2]}`))
    .sort();
}

/** `name type` of every metric of ours that a process shows. */
export async function shownMetrics(url: string): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^# TYPE (sluice_\w+) (\w+)$/gm)].map((line) => `${line[1]} ${line[2]}`).sort();
}

/** The value of one sample, by its name and labels as they are written; undefined when it is not there. */
export async function sampleOf(url: string, sample: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

/** Where the five services of the distributed wiring answer; the launcher chose their ports. */
export function serviceUrls(system: System): Map<string, string> {
  const pids = Object.entries(system.pids()).filter(
    ([name]) => !['kafka', 'postgres', 'edge', 'distributed'].includes(name),
  );
  return new Map(
    pids.map(([name, pid]) => {
      const port = /(?:^|\0)PORT=(\d+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
      return [name, `http://127.0.0.1:${port}`];
    }),
  );
}

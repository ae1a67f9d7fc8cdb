const armed = parse(process.env.SLUICE_FAILPOINTS ?? '');

function parse(text: string): Map<string, number> {
  const map = new Map<string, number>();
  for (const part of text
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)) {
    const [name, count] = part.split('=');
    map.set(name as string, count ? Number(count) : 1);
  }
  return map;
}

/**
 * A place where a fault test may kill the process: `SLUICE_FAILPOINTS=runner.before-commit=3` sends SIGKILL to this
 * process when the point is passed for the third time. Costs one map look-up of an empty map otherwise.
 */
export function failpoint(name: string): void {
  if (armed.size === 0) return;
  const left = armed.get(name);
  if (left === undefined) return;
  if (left > 1) {
    armed.set(name, left - 1);
    return;
  }
  process.stderr.write(`failpoint ${name}: killed\n`);
  process.kill(process.pid, 'SIGKILL');
}

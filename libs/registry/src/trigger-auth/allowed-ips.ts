import { isIP } from 'node:net';
import type { FieldProblem } from '@sluice/contracts';

const MAX_ENTRIES = 200;

/** What is wrong with `allowedIps` as it was sent; nothing when it is absent or null, which lets every address in. */
export function allowedIpsProblems(value: unknown): FieldProblem[] {
  const pointer = '/allowedIps';
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ENTRIES) {
    return [
      { pointer, message: `must be a list of 1 to ${MAX_ENTRIES} addresses or CIDRs; null lets every address in` },
    ];
  }
  return value.flatMap((entry, at) =>
    isRange(entry)
      ? []
      : [{ pointer: `${pointer}/${at}`, message: 'must be an address or CIDR such as 192.0.2.0/24 or 2001:db8::/32' }],
  );
}

function isRange(entry: unknown): boolean {
  if (typeof entry !== 'string' || entry.includes('%')) return false;
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

import { isIn, type IpRange, parseIp, parseRange } from './ip-address.ts';

/** The deployment's way out (DL-12). */
export interface ProxyOptions {
  /** `http://` or `https://`, with user name and password where the proxy asks for them. */
  url: string;
  /** Hosts that are called directly: see `isException`. */
  except: readonly string[];
  /**
   * Who turns names into addresses. `here`: they are resolved and judged as without a proxy, which is then asked for an
   * address. `proxy`: it is asked for the name, and keeping calls out of private networks is its duty.
   */
  resolve: 'here' | 'proxy';
}

interface Exceptions {
  all: boolean;
  names: readonly string[];
  ranges: readonly IpRange[];
}

function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/**
 * Reads exceptions: `example.org` is that host and all below it, `.example.org` or `*.example.org` all below it only, an
 * address or CIDR the hosts that are written as such an address, `*` everything.
 */
export function exceptionsOf(entries: readonly string[]): Exceptions {
  const isRange = (entry: string): boolean => /^[\d.]+(\/\d+)?$/.test(entry) || entry.includes(':');
  return {
    all: entries.includes('*'),
    ranges: entries.filter(isRange).map(parseRange),
    names: entries
      .filter((entry) => entry !== '*' && !isRange(entry))
      .map((entry) => bare(entry.replace(/^\*\./, '.'))),
  };
}

/** Whether a host (a name, or an address without brackets) is called without the proxy. */
export function isException(hostname: string, { all, names, ranges }: Exceptions): boolean {
  if (all) return true;
  const address = parseIp(hostname);
  if (address) return ranges.some((range) => isIn(address, range));
  const name = bare(hostname);
  return names.some((entry) =>
    entry.startsWith('.') ? name.endsWith(entry) : name === entry || name.endsWith(`.${entry}`),
  );
}

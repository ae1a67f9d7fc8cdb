import type { ServiceName } from '@sluice/contracts';
import { SettingsError } from '@sluice/platform';

/** Origins (`http://host:port`) of the five services, one per instance. */
export type Upstreams = Readonly<Record<ServiceName, readonly string[]>>;

export const UPSTREAM_VARIABLES: Readonly<Record<ServiceName, string>> = {
  gateway: 'SLUICE_UPSTREAM_GATEWAY',
  registry: 'SLUICE_UPSTREAM_REGISTRY',
  runner: 'SLUICE_UPSTREAM_RUNNER',
  dispatcher: 'SLUICE_UPSTREAM_DISPATCHER',
  'delivery-log': 'SLUICE_UPSTREAM_DELIVERY_LOG',
};

function originOf(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const bare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return bare && (url.protocol === 'http:' || url.protocol === 'https:') ? url.origin : null;
}

/**
 * Reads where the services are.
 * @throws SettingsError with everything that is missing or unreadable.
 */
export function upstreamsOf(environment: Readonly<Record<string, string | undefined>>): Upstreams {
  const problems: string[] = [];
  const entries = Object.entries(UPSTREAM_VARIABLES).map(([service, name]) => {
    const text = environment[name];
    const origins = text?.split(',').map((each) => originOf(each.trim())) ?? [null];
    if (origins.includes(null)) {
      const wrong = text === undefined ? 'is required here' : `is not an address: ${JSON.stringify(text)}`;
      problems.push(`${name} ${wrong}; give the ${service}'s as http://host:port, several with commas between`);
    }
    return [service, origins] as const;
  });
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.fromEntries(entries) as Record<ServiceName, string[]>;
}

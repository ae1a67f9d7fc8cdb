import { useQuery } from '@tanstack/react-query';
import { errorOf } from '../api/api-error.ts';
import { bodyOf, clientOf, readPlain } from '../api/client.ts';
import { RadioCards } from '../design/field.tsx';
import { Badge, Facts, Page, Section } from '../design/page.tsx';
import { QueryView } from '../design/states.tsx';
import { may, useUser } from '../session/session.ts';
import { type Theme, useTheme } from '../shell/theme.ts';

const THEMES: readonly { value: Theme; label: string }[] = [
  { value: 'system', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

/** Of this browser, and what the deployment says about itself. */
export function Component() {
  const [theme, setTheme] = useTheme();
  const isOperator = may(useUser(), 'administrator', null);
  return (
    <Page title="Settings">
      <Section title="This browser">
        <RadioCards label="Colours" value={theme} options={THEMES} onChange={setTheme} />
      </Section>
      <Section title="This deployment">
        <Health />
        <p>
          Settings of a deployment are environment variables; each service prints the effective ones when it starts. The
          API is described at <a href="/docs">/docs</a> and <a href="/openapi.json">/openapi.json</a>.
        </p>
      </Section>
      {isOperator ? (
        <Section title="Encryption keys">
          <SealingKeys />
        </Section>
      ) : null}
    </Page>
  );
}

interface HealthReport {
  status: string;
  checks: Record<string, { ok: boolean; detail?: string }>;
}

/** @throws ApiError when it is no report: what is in between answers for itself. */
async function readHealth(): Promise<HealthReport> {
  const answer = await readPlain('/readyz');
  const body: unknown = await answer.json().catch(() => null);
  if (body === null || typeof body !== 'object' || !('checks' in body)) throw errorOf(answer, body);
  return body as HealthReport;
}

function Health() {
  const health = useQuery({
    queryKey: ['readyz'],
    queryFn: readHealth,
    refetchInterval: 10_000,
  });
  return (
    <QueryView query={health}>
      {({ checks }) => (
        <Facts
          facts={Object.entries(checks).map(([name, { ok, detail }]) => [
            name,
            <span key={name}>
              <Badge tone={ok ? 'good' : 'bad'}>{ok ? 'ready' : 'not ready'}</Badge> {detail}
            </span>,
          ])}
        />
      )}
    </QueryView>
  );
}

function SealingKeys() {
  const keys = useQuery({
    queryKey: ['sealing-keys'],
    queryFn: () => bodyOf(clientOf(null).GET('/v1/secrets/sealing-keys')),
  });
  return (
    <QueryView query={keys}>
      {({ sealingKeyId, keys: all }) => (
        <Facts
          facts={all.map((key) => [
            key.id,
            `${key.id === sealingKeyId ? 'seals what is new' : 'only opens'}: ${JSON.stringify(key)}`,
          ])}
        />
      )}
    </QueryView>
  );
}

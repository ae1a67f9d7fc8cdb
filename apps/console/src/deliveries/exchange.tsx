import { CopyButton } from '../design/copy-button.tsx';
import { Badge, Facts, type Tone } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { curlOf } from '../design/payload.rules.ts';
import { duration, Time } from '../design/time.tsx';
import type { Attempt, DeliveryStatus } from './delivery-types.ts';
import styles from './deliveries.module.css';

const TONES: Record<DeliveryStatus, Tone> = { pending: 'info', succeeded: 'good', failed: 'bad', discarded: 'warn' };

export function StatusBadge({ status }: { status: DeliveryStatus }) {
  return <Badge tone={TONES[status]}>{status}</Badge>;
}

const textOf = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');

interface SentRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  truncated?: boolean;
}

function Cut({ isCut }: { isCut: boolean | undefined }) {
  return isCut ? <p className={styles.cut}>The body was longer: only its beginning is kept.</p> : null;
}

/** What was sent; secrets are masked by the server. */
export function RequestView({ request }: { request: SentRequest }) {
  return (
    <div className={styles.exchange}>
      <div className={styles.line}>
        <strong>Request</strong>
        <code>
          {request.method} {request.url}
        </code>
        <CopyButton text={curlOf(request)} what="the request as a curl command" label="Copy as curl" />
      </div>
      <Payload label="Request headers" value={textOf(request.headers)} />
      <Payload label="Request body" value={request.body} />
      <Cut isCut={request.truncated} />
    </div>
  );
}

interface ReceivedResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
  truncated: boolean;
}

export function ResponseView({ response }: { response: ReceivedResponse }) {
  return (
    <div className={styles.exchange}>
      <div className={styles.line}>
        <strong>Response</strong>
        <code>{response.status}</code>
      </div>
      <Payload label="Response headers" value={textOf(response.headers)} />
      <Payload label="Response body" value={response.body} />
      <Cut isCut={response.truncated} />
    </div>
  );
}

function outcomeOf({ response, error, verdict }: Attempt): { text: string; tone: Tone } {
  if (error && !response) return { text: `${error.stage}: ${error.code}`, tone: 'bad' };
  const isGood = verdict ? verdict === 'success' : response !== null && response.status >= 200 && response.status < 300;
  return { text: String(response?.status ?? 'no answer'), tone: isGood ? 'good' : 'bad' };
}

/** ET-09: every attempt with its whole request and response, failed ones with their error. */
export function Attempts({ attempts }: { attempts: readonly Attempt[] }) {
  if (attempts.length === 0) return <p>No attempt has ended yet.</p>;
  return (
    <ol className={styles.attempts}>
      {attempts.map((attempt) => {
        const { text, tone } = outcomeOf(attempt);
        return (
          <li key={attempt.number} className={styles.attempt}>
            <div className={styles.line}>
              <h3>Attempt {attempt.number}</h3>
              <Badge tone={tone}>{text}</Badge>
              <Time at={attempt.at} />
              <span>{duration(attempt.durationMs)}</span>
            </div>
            <Facts
              facts={[
                ...(attempt.error ? [['Error', attempt.error.message] as const] : []),
                ...(attempt.verdict ? [['Verdict', attempt.verdict] as const] : []),
                ...(attempt.nextAttemptAt
                  ? [['Next attempt', <Time key="next-attempt" at={attempt.nextAttemptAt} />] as const]
                  : []),
              ]}
            />
            <RequestView request={attempt.request} />
            {attempt.response ? <ResponseView response={attempt.response} /> : null}
          </li>
        );
      })}
    </ol>
  );
}

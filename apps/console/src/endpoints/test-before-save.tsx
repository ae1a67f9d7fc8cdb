import { useMutation } from '@tanstack/react-query';
import { bodyOf, type Schema } from '../api/client.ts';
import { useApi } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { FormError } from '../design/form.tsx';
import { Badge, Facts, Section } from '../design/page.tsx';
import { duration } from '../design/time.tsx';
import { RequestView, ResponseView } from '../deliveries/exchange.tsx';
import { type EndpointDraft, labelOfType, testBodyOf } from './endpoint-draft.rules.ts';

type TestAnswer = Schema<'EndpointTestAnswer'>;

const FAULTS: Record<TestAnswer['stage'], string> = {
  dns: 'URL: the host',
  connect: 'URL: nobody answers there',
  tls: 'URL: the encrypted connection',
  request: 'URL or path: the request was not taken',
  auth: 'Headers or credentials',
  format: 'Format of the response',
  ok: 'Nothing: it was understood',
};
const VERDICTS: Record<TestAnswer['verdict'], string> = {
  success: 'Success',
  negative: 'A readable no',
  failed: 'Failed',
  transport_failure: 'Not delivered',
};

/** LU-03: sends a sample of the type as it stands in the form, and says what is at fault. Saving does not need it. */
export function TestBeforeSave({ draft, savedId }: { draft: EndpointDraft; savedId: number | null }) {
  const api = useApi();
  const test = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/endpoints/test', { body: testBodyOf(draft, savedId) as never })),
  });
  return (
    <Section
      title="Test"
      actions={
        <Button isBusy={test.isPending} onPress={() => test.mutate()}>
          Test webhook
        </Button>
      }
    >
      <p>
        Sends a sample of the type {labelOfType(draft.type)} to the URL, without saving anything, and judges the answer.
      </p>
      <FormError error={test.error} />
      {test.data ? <Verdict answer={test.data} /> : null}
    </Section>
  );
}

function Verdict({ answer }: { answer: TestAnswer }) {
  return (
    <div role="status" aria-label="Verdict of the test">
      <Facts
        facts={[
          [
            'Verdict',
            <Badge key="verdict" tone={answer.ok ? 'good' : 'bad'}>
              {VERDICTS[answer.verdict]}
            </Badge>,
          ],
          ['At fault', FAULTS[answer.stage]],
          ['Status', answer.status ?? 'no answer'],
          ['Took', duration(answer.durationMs)],
          ...(answer.hint ? [['Hint', answer.hint] as const] : []),
        ]}
      />
      {answer.request ? <RequestView request={answer.request} /> : null}
      {answer.response ? <ResponseView response={answer.response} /> : null}
    </div>
  );
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { bodyOf, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { TextField } from '../design/field.tsx';
import { Form, FormActions, FormError } from '../design/form.tsx';
import { Section } from '../design/page.tsx';
import { Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';
import styles from '../runs/runs.module.css';
import { LIVE_MS, type Run } from '../runs/use-runs.ts';

export type Approval = Schema<'ApprovalResource'>;

/** What is asked, of whom, until when; and the two buttons for those who may decide. */
export function Decide({ approval }: { approval: Approval }) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const [comment, setComment] = useState('');
  const decide = useMutation({
    mutationFn: (decision: 'approve' | 'reject') => {
      const path = { id: approval.runId, ref: approval.key };
      const body = { decision, ...(comment.trim() === '' ? {} : { comment: comment.trim() }) };
      return bodyOf(api.POST('/v1/runs/{id}/approvals/{ref}', { params: { path }, body }));
    },
    onSuccess: (_run, decision) => tell(decision === 'approve' ? 'Approved.' : 'Rejected.'),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: [appId, 'approvals'] });
      await queries.invalidateQueries({ queryKey: [appId, 'run', approval.runId] });
    },
  });
  const asked = approval.message ?? `Step ${approval.key} waits for a decision.`;
  return (
    <Form error={decide.error} onSubmit={() => decide.mutate('approve')} label={asked}>
      <div className={styles.asked}>
        <strong>{asked}</strong>
        <span>
          {approval.to.length === 0 ? 'Every operator may decide' : `Asked: ${approval.to.join(', ')}`}, until{' '}
          <Time at={approval.until} />.
        </span>
        {approval.mayDecide ? (
          <>
            <TextField label="Comment" isOptional pointer="/comment" value={comment} onChange={setComment} />
            <FormError error={decide.error} />
            <FormActions>
              <Button kind="primary" type="submit" isBusy={decide.isPending}>
                Approve
              </Button>
              <Button kind="danger" isDisabled={decide.isPending} onPress={() => decide.mutate('reject')}>
                Reject
              </Button>
            </FormActions>
          </>
        ) : (
          <span>You are not one of those who may decide.</span>
        )}
      </div>
    </Form>
  );
}

/** What this run waits for people with. */
export function OpenApprovalsOfRun({ run }: { run: Run }) {
  const api = useApi();
  const appId = useAppId();
  const asking = run.steps.filter((step) => step.type === 'approval' && step.status === 'waiting');
  const waits = asking.length > 0;
  const open = useQuery({
    // The run itself is followed: what it asks is read anew with each step that begins to wait or was answered.
    queryKey: [appId, 'approvals', run.flowId, asking.map((step) => step.path ?? step.ref).join(' ')],
    enabled: waits,
    // The list of what is open comes a moment after the run.
    refetchInterval: ({ state }) =>
      (state.data?.items.filter(({ runId }) => runId === run.id).length ?? 0) < asking.length ? LIVE_MS : false,
    queryFn: () => bodyOf(api.GET('/v1/approvals', { params: { query: { flowId: run.flowId, limit: 200 } } })),
  });
  const own = open.data?.items.filter(({ runId }) => runId === run.id) ?? [];
  if (!waits || own.length === 0) return null;
  return (
    <Section title="Waits for a decision">
      {own.map((approval) => (
        <Decide key={approval.id} approval={approval} />
      ))}
    </Section>
  );
}

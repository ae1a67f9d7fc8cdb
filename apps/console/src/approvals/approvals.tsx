import { useQueryClient } from '@tanstack/react-query';
import { Link } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { usePages } from '../api/pages.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { Page, Section } from '../design/page.tsx';
import { Empty, QueryView } from '../design/states.tsx';
import { LiveBadge } from '../live/live-bar.tsx';
import { useLiveSigns } from '../live/use-live-signs.ts';
import { LIVE_MS, useFlowNames } from '../runs/use-runs.ts';
import { type Approval, Decide } from './decide.tsx';

/** Everything in the app that waits for a person. */
export function Component() {
  const api = useApi();
  const appId = useAppId() ?? '';
  const flows = useFlowNames();
  const queries = useQueryClient();
  const queryKey = [appId, 'approvals'];
  const { query, items, onEnd } = usePages<Approval>(queryKey, (cursor) =>
    bodyOf(api.GET('/v1/approvals', { params: { query: cursor ? { cursor } : {} } })),
  );
  const state = useLiveSigns({ kinds: 'run' }, LIVE_MS * 2, () => queries.refetchQueries({ queryKey, exact: true }));
  const nameOf = (id: string): string => flows.data?.find((flow) => flow.id === id)?.name ?? 'a flow';
  return (
    <Page title="Approvals" about="Runs that wait for a decision.">
      <LiveBadge state={state} />
      <QueryView query={query}>
        {() =>
          items.length === 0 ? (
            <Empty title="Nothing waits for a decision">
              A flow asks people by an approval step: drag one from the palette into a flow.
            </Empty>
          ) : (
            items.map((approval) => (
              <Section key={approval.id} title={`${nameOf(approval.flowId)}, run #${approval.runNumber ?? '?'}`}>
                <Decide approval={approval} />
                <Link to={`/apps/${appId}/runs/${approval.runId}`}>Open the run</Link>
              </Section>
            ))
          )
        }
      </QueryView>
      {query.hasNextPage ? <Button onPress={onEnd}>More</Button> : null}
    </Page>
  );
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { stringify } from 'yaml';
import { bodyOf, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { SelectField } from '../design/field.tsx';
import { Badge, Filters, Page, Section } from '../design/page.tsx';
import { Failed, Loading, QueryView } from '../design/states.tsx';
import { Time } from '../design/time.tsx';
import { useToasts } from '../design/toasts.tsx';
import { useFilter } from '../design/use-filter.ts';
import { may, useUser } from '../session/session.ts';
import { DiffView } from './diff-view.tsx';
import { useFlow, useFlowChanges } from './use-flow.ts';

type Version = Schema<'FlowVersionSummary'>;
const MOST = 200;

function useVersionText(flowId: string, version: string) {
  const api = useApi();
  const appId = useAppId();
  return useQuery({
    queryKey: [appId, 'flow-version', flowId, Number(version)],
    enabled: version !== '',
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => bodyOf(api.GET('/v1/flows/{id}/versions/{version}', { params: { path: { id: flowId, version } } })),
  });
}

function Comparison({ flowId, from, to }: { flowId: string; from: string; to: string }) {
  const [before, after] = [useVersionText(flowId, from), useVersionText(flowId, to)];
  const error = before.error ?? after.error;
  if (error) return <Failed error={error} />;
  if (!before.data || !after.data) return <Loading />;
  const [old, fresh] = [stringify(before.data.definition), stringify(after.data.definition)];
  return <DiffView from={old} to={fresh} label={`Version ${to} against version ${from}`} />;
}

function VersionList({ flowId, versions }: { flowId: string; versions: readonly Version[] }) {
  const appId = useAppId() ?? '';
  const user = useUser();
  const queries = useQueryClient();
  const { tell, warn } = useToasts();
  const flow = useFlow(flowId);
  const { publish } = useFlowChanges(flowId);
  const run = useMutation({
    mutationFn: (version: number) => publish(version, flow.data?.etag ?? null),
    onSuccess: async (_saved, version) => {
      tell(`Version ${version} runs now.`);
      await queries.invalidateQueries({ queryKey: [appId] });
    },
    onError: warn,
  });
  const mayPublish = may(user, 'editor', appId);
  return (
    <ul>
      {versions.map(({ version, published, savedAt, savedBy }) => (
        <li key={version}>
          Version {version}, saved <Time at={savedAt} /> by {savedBy}{' '}
          {published ? <Badge tone="good">runs</Badge> : null}{' '}
          {published || !mayPublish ? null : (
            <Button small isBusy={run.isPending && run.variables === version} onPress={() => run.mutate(version)}>
              Publish version {version}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** All saved versions of a flow: compared, published, rolled back to (RG-04). */
export function Component() {
  const { flowId = '' } = useParams();
  const api = useApi();
  const appId = useAppId() ?? '';
  const list = useQuery({
    queryKey: [appId, 'flow-versions', flowId],
    queryFn: async () => {
      const params = { path: { id: flowId }, query: { limit: MOST } };
      return (await bodyOf(api.GET('/v1/flows/{id}/versions', { params }))).items;
    },
  });
  const numbers = (list.data ?? []).map(({ version }) => String(version));
  const published = list.data?.find((each) => each.published);
  const [to, setTo] = useFilter('to', numbers[0] ?? '');
  const [from, setFrom] = useFilter('from', String(published?.version ?? numbers[1] ?? ''));
  const options = numbers.map((value) => ({ value, label: `Version ${value}` }));
  return (
    <Page title="Versions" parent={{ label: 'Flow', to: `/apps/${appId}/flows/${flowId}` }}>
      <QueryView query={list}>
        {(versions) => (
          <>
            <Section title="What differs">
              <Filters>
                <SelectField label="From" value={from} onChange={setFrom} options={options} />
                <SelectField label="To" value={to} onChange={setTo} options={options} />
              </Filters>
              {from === '' || to === '' ? null : <Comparison flowId={flowId} from={from} to={to} />}
            </Section>
            <Section title="Saved versions">
              <VersionList flowId={flowId} versions={versions} />
            </Section>
          </>
        )}
      </QueryView>
    </Page>
  );
}

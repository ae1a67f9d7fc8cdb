import { useQuery, useQueryClient } from '@tanstack/react-query';
import { bodyOf, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { useLiveSigns } from '../live/use-live-signs.ts';
import { isOver } from './run-status.tsx';

export type Run = Schema<'RunResource'>;
export type RunStep = Schema<'StepResource'>;

/** How often a screen looks again while something goes on. */
export const LIVE_MS = 1_500;
const MOST_FLOWS = 200;

/** A run, read again with each step until it is over; its retries are looked for a while longer by those who start them. */
export function useRun(id: string) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  const queryKey = [appId, 'run', id];
  const run = useQuery({
    queryKey,
    enabled: id !== '',
    queryFn: () => bodyOf(api.GET('/v1/runs/{id}', { params: { path: { id } } })),
  });
  const isAwaited = run.data !== undefined && !isOver(run.data.status);
  useLiveSigns(isAwaited ? { kinds: 'run', id } : null, LIVE_MS, () =>
    queries.refetchQueries({ queryKey, exact: true }),
  );
  return run;
}

/** The flows of the app by name, for choosing one; the newest 200. */
export function useFlowNames() {
  const api = useApi();
  const appId = useAppId();
  return useQuery({
    queryKey: [appId, 'flow-names'],
    queryFn: async () => (await bodyOf(api.GET('/v1/flows', { params: { query: { limit: MOST_FLOWS } } }))).items,
    staleTime: 30_000,
  });
}

/** The version of its flow that a run executed. */
export function useRunVersion(run: Pick<Run, 'flowId' | 'flowVersion'>) {
  const api = useApi();
  const appId = useAppId();
  const version = run.flowVersion;
  return useQuery({
    queryKey: [appId, 'flow-version', run.flowId, version],
    enabled: version !== null && version > 0,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: () => {
      const path = { id: run.flowId, version: String(version) };
      return bodyOf(api.GET('/v1/flows/{id}/versions/{version}', { params: { path } }));
    },
  });
}

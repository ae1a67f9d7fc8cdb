import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { bodyAndTagOf, bodyOf, isApiError, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';

export type Trigger = Schema<'TriggerView'>;
const MOST_FLOWS = 200;

/** A trigger with its ETag. */
export function useTrigger(id: string) {
  const api = useApi();
  const appId = useAppId();
  return useQuery({
    queryKey: [appId, 'triggers', id],
    queryFn: () => bodyAndTagOf(api.GET('/v1/triggers/{id}', { params: { path: { id } } })),
  });
}

/** The newest flows of the app, for choosing one. */
export function useFlowChoice() {
  const api = useApi();
  const appId = useAppId();
  return useQuery({
    queryKey: [appId, 'flows', 'choice'],
    queryFn: async () => (await bodyOf(api.GET('/v1/flows', { params: { query: { limit: MOST_FLOWS } } }))).items,
  });
}

/** Makes a trigger of a body that the form has built; the API judges it. */
export function useCreateTrigger() {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Record<string, unknown>) =>
      bodyOf(api.POST('/v1/triggers', { body: body as Schema<'CreateTrigger'> })),
    onSuccess: () => queries.invalidateQueries({ queryKey: [appId, 'triggers'] }),
  });
}

/** Changes a trigger; with the ETag that was read, so that somebody else's change is not overwritten unseen. */
export function useChangeTrigger(id: string) {
  const api = useApi();
  const appId = useAppId();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ body, etag }: { body: Record<string, unknown>; etag: string | null }) =>
      bodyAndTagOf(
        api.PATCH('/v1/triggers/{id}', {
          params: { path: { id }, ...(etag === null ? {} : { header: { 'If-Match': etag } }) },
          body: body as Schema<'ChangeTrigger'>,
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: [appId, 'triggers'] }),
    // Somebody was faster: what they made of it is what the screen compares with.
    onError: (error) =>
      isApiError(error) && error.status === 412
        ? queries.invalidateQueries({ queryKey: [appId, 'triggers'] })
        : undefined,
  });
}

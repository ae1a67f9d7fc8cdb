import { useQuery } from '@tanstack/react-query';
import { errorOf } from '../api/api-error.ts';
import { bodyAndTagOf, bodyOf, readPlain, type Schema } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import type { FlowDocument } from './flow-document.rules.ts';
import { type Schema as JsonSchema, stepKinds } from './flow-schema.rules.ts';

export type FlowView = Schema<'FlowView'>;

/** A flow as it was read, with what a change names as its version. */
export interface SavedFlow {
  view: FlowView;
  etag: string | null;
}

/** What the API shows of a flow besides what is edited as text. */
const NOT_EDITED = [
  'id',
  'number',
  'appId',
  'status',
  'version',
  'publishedVersion',
  'externalKey',
  'createdAt',
  'updatedAt',
  'propagating',
];

/** The part of a flow that people write. */
export function documentOf(view: object): FlowDocument {
  const written = Object.entries(view).filter(([name, value]) => !NOT_EDITED.includes(name) && value !== null);
  return Object.fromEntries(written);
}

/** The body that makes the flow be like the document: what is not there any more is null. */
export function changeOf(saved: object, document: FlowDocument): FlowDocument {
  const gone = Object.keys(documentOf(saved)).filter((name) => !(name in document));
  return { ...document, ...Object.fromEntries(gone.map((name) => [name, null])) };
}

export function useFlow(id: string) {
  const api = useApi();
  const appId = useAppId();
  return useQuery<SavedFlow>({
    queryKey: [appId, 'flow', id],
    queryFn: async () => {
      const { body, etag } = await bodyAndTagOf(api.GET('/v1/flows/{id}', { params: { path: { id } } }));
      return { view: body, etag };
    },
    // What is edited must not change under the fingers; saving says whether somebody was faster.
    staleTime: Number.POSITIVE_INFINITY,
    // Nor may an editor begin with what another screen has changed since.
    gcTime: 0,
  });
}

/** The language of flows as this server has it. */
export function useFlowSchema() {
  return useQuery({
    queryKey: ['flow-schema'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const answer = await readPlain('/v1/flow-schema.json');
      if (!answer.ok) throw errorOf(answer, null);
      const schema = (await answer.json()) as JsonSchema;
      return { schema, kinds: stepKinds(schema) };
    },
  });
}

/** Saves, publishes and pauses; every change names the version that it is made to (If-Match). */
export function useFlowChanges(id: string) {
  const api = useApi();
  const params = (etag: string | null, more: object = {}) =>
    ({ path: { id }, ...(etag === null ? {} : { header: { 'If-Match': etag } }), ...more }) as { path: { id: string } };
  const read = async (answer: Parameters<typeof bodyAndTagOf<FlowView>>[0]): Promise<SavedFlow> => {
    const { body, etag } = await bodyAndTagOf(answer);
    return { view: body, etag };
  };
  return {
    change: (body: object, etag: string | null) =>
      read(api.PATCH('/v1/flows/{id}', { params: params(etag), body: body as never })),
    /** What would be refused; throws ApiError with the problems. */
    check: (body: object) =>
      bodyOf(api.PATCH('/v1/flows/{id}', { params: params(null, { query: { dryRun: true } }), body: body as never })),
    publish: (version: number | undefined, etag: string | null) =>
      read(
        api.POST('/v1/flows/{id}/publish', { params: params(etag), body: version === undefined ? {} : { version } }),
      ),
  };
}

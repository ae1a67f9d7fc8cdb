import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ApiError, type FieldError } from '../api/api-error.ts';
import { bodyAndTagOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import type { FlowDocument } from './flow-document.rules.ts';
import type { ReadText } from './flow-text.rules.ts';
import { changeOf, documentOf, type SavedFlow, useFlowChanges } from './use-flow.ts';

const CHECK_AFTER_MS = 500;
const NONE: readonly FieldError[] = [];

/** The value once it has stayed the same for a while. */
function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), CHECK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** What the server would refuse of the document, asked while it is written (a dry run). */
function useProblems(base: SavedFlow, document: FlowDocument, isAsked: boolean): readonly FieldError[] {
  const { check } = useFlowChanges(base.view.id);
  const appId = useAppId();
  const settled = useSettled(document);
  const found = useQuery({
    queryKey: [appId, 'flow-check', base.view.id, base.etag, JSON.stringify(settled)],
    enabled: isAsked,
    gcTime: 0,
    retry: false,
    queryFn: async () => {
      try {
        await check(changeOf(base.view, settled));
        return NONE;
      } catch (error) {
        if (error instanceof ApiError && error.errors.length > 0) return error.errors;
        throw error;
      }
    },
  });
  return isAsked ? (found.data ?? NONE) : NONE;
}

/**
 * A flow that somebody edits: what was saved, what is written now, what is wrong with it, and what happened when saving.
 * When somebody else was faster, `conflict` has theirs, and nothing that was written is lost.
 */
export function useFlowDraft(saved: SavedFlow, mayEdit: boolean) {
  const api = useApi();
  const { change } = useFlowChanges(saved.view.id);
  const [base, setBase] = useState(saved);
  const [document, setDocument] = useState<FlowDocument>(() => documentOf(saved.view));
  const [unread, setUnread] = useState<string | null>(null);
  const [conflict, setConflict] = useState<SavedFlow | null>(null);
  const isDirty = unread !== null || JSON.stringify(document) !== JSON.stringify(documentOf(base.view));
  const problems = useProblems(base, document, mayEdit && isDirty && unread === null);
  const latest = async (): Promise<SavedFlow> => {
    const params = { path: { id: saved.view.id } };
    const { body, etag } = await bodyAndTagOf(api.GET('/v1/flows/{id}', { params }));
    return { view: body, etag };
  };
  const save = useMutation({
    mutationFn: async (over: SavedFlow | undefined) => {
      const onto = over ?? base;
      try {
        const next = await change(changeOf(onto.view, document), onto.etag);
        setBase(next);
        setConflict(null);
        return next;
      } catch (error) {
        if (error instanceof ApiError && error.status === 412) setConflict(await latest());
        throw error;
      }
    },
  });
  const onText = (read: ReadText): void => {
    if ('problem' in read) return setUnread(read.problem);
    setUnread(null);
    setDocument(read.document);
  };
  /** Goes on with what is saved now, in place of what was written. */
  const take = (theirs: SavedFlow): void => {
    setBase(theirs);
    setDocument(documentOf(theirs.view));
    setUnread(null);
    setConflict(null);
    save.reset();
  };
  const edit = (next: FlowDocument): void => {
    setUnread(null);
    setDocument(next);
  };
  return { base, setBase, document, edit, onText, unread, isDirty, problems, save, conflict, setConflict, take };
}

export type FlowDraft = ReturnType<typeof useFlowDraft>;

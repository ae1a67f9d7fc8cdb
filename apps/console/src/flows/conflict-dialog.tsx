import { stringify } from 'yaml';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { FormError } from '../design/form.tsx';
import { Time } from '../design/time.tsx';
import { DiffView } from './diff-view.tsx';
import { documentOf } from './use-flow.ts';
import type { FlowDraft } from './use-flow-draft.ts';

const isRefusal = (error: unknown): boolean => (error as { status?: number } | null)?.status !== 412;

/** Somebody saved the flow in the meantime: what differs, and what to do. What was written stays in the editor. */
export function ConflictDialog({ draft }: { draft: FlowDraft }) {
  const { conflict, setConflict, document, save, take } = draft;
  const close = (): void => setConflict(null);
  return (
    <Dialog title="Somebody else has saved this flow" isOpen={conflict !== null} onClose={close} isWide isSticky>
      {conflict ? (
        <>
          <p>
            It was saved <Time at={conflict.view.updatedAt} />, after you opened it. Nothing of what you wrote is lost.
            Lines with − are theirs alone, lines with + are yours alone.
          </p>
          <DiffView from={stringify(documentOf(conflict.view))} to={stringify(document)} label="Theirs against yours" />
          {save.error && isRefusal(save.error) ? <FormError error={save.error} /> : null}
          <DialogActions>
            <Button onPress={close}>Go on editing</Button>
            <Button onPress={() => take(conflict)}>Take theirs</Button>
            <Button kind="primary" isBusy={save.isPending} onPress={() => save.mutate(conflict)}>
              Save mine over theirs
            </Button>
          </DialogActions>
        </>
      ) : null}
    </Dialog>
  );
}

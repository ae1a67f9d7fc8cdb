import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { Command } from '../design/payload.tsx';
import type { Callable } from './test-request.rules.ts';
import { TestRequest } from './test-request.tsx';

/** What is shown when a trigger or a token of it was made. */
export interface Shown {
  url: string;
  token: string | null;
  secret: string | null;
  curl: string | null;
  /** So that a test request can be sent while the token is known. */
  trigger: Callable & { flowId: string | null };
}

/**
 * URL, token and a curl that works (LT-02, LT-03). The token is in the memory of this dialog only: when it closes, nobody
 * can show it again. Therefore neither Escape nor a click beside it closes the dialog.
 */
export function OneTimeDialog({ shown, onClose }: { shown: Shown | null; onClose: () => void }) {
  return (
    <Dialog title="Your webhook is ready" isOpen={shown !== null} onClose={onClose} isSticky isWide>
      {shown ? (
        <>
          <Command label="URL" text={shown.url} />
          {shown.token ? <Command label="Token" text={shown.token} /> : null}
          {shown.secret ? <Command label="Signing secret" text={shown.secret} /> : null}
          {shown.curl ? <Command label="Try it" text={shown.curl} /> : null}
          <details>
            <summary>Send a test request from here</summary>
            <TestRequest trigger={shown.trigger} token={shown.token} curl={shown.curl} />
          </details>
          {shown.token || shown.secret ? (
            <p>
              <strong>This is shown only now.</strong> Copy it and keep URL and token confidential: whoever has both can
              start the flow. After this dialog closes, nobody can show it again; if it is lost, add a new token or a
              new webhook instead.
            </p>
          ) : (
            <p>Keep the URL confidential: whoever has it can start the flow.</p>
          )}
        </>
      ) : null}
      <DialogActions>
        <Button kind="primary" onPress={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </Dialog>
  );
}

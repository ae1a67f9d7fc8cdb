import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { onSessionEnd } from '../api/client.ts';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { SESSION_KEY } from './session.ts';
import { SignInForm } from './sign-in-form.tsx';

/**
 * The session has ended while somebody works: a dialog above the screen, which stays as it is with all that was typed.
 * The requests that were refused wait for it and are sent again.
 */
export function SessionEnd() {
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const waiting = useRef<((isBack: boolean) => void)[]>([]);
  useEffect(() => {
    onSessionEnd(() => {
      setOpen(true);
      return new Promise((resolve) => waiting.current.push(resolve));
    });
    return () => onSessionEnd(null);
  }, []);
  const end = (isBack: boolean): void => {
    setOpen(false);
    for (const resolve of waiting.current.splice(0)) resolve(isBack);
    if (!isBack) queries.setQueryData(SESSION_KEY, null);
  };
  return (
    <Dialog title="Your session has ended" isOpen={isOpen} onClose={() => undefined} isSticky>
      <p>Sign in to go on. Nothing that you have typed is lost.</p>
      <SignInForm onDone={() => end(true)} />
      <DialogActions>
        <Button kind="quiet" onPress={() => end(false)}>
          Leave this screen
        </Button>
      </DialogActions>
    </Dialog>
  );
}

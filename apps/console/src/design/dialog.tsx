import { type ReactNode, useState } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from './button.tsx';
import styles from './dialog.module.css';
import { FormError } from './form.tsx';

interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  isWide?: boolean;
  /** What is shown only once must not vanish by a click beside it. */
  isSticky?: boolean;
  role?: 'dialog' | 'alertdialog';
}

/** A modal dialog: keeps the focus, closes by Escape, gives the focus back. */
export function Dialog({ title, isOpen, onClose, children, isWide, isSticky, role = 'dialog' }: DialogProps) {
  return (
    <ModalOverlay
      className={styles.overlay ?? ''}
      isOpen={isOpen}
      onOpenChange={(open) => (open ? undefined : onClose())}
      isDismissable={!isSticky}
      isKeyboardDismissDisabled={isSticky === true}
    >
      <Modal className={`${styles.modal} ${isWide ? styles.wide : ''}`}>
        <AriaDialog role={role} className={styles.dialog ?? ''}>
          <Heading slot="title">{title}</Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className={styles.actions}>{children}</div>;
}

interface ConfirmProps {
  title: string;
  children: ReactNode;
  /** What the button says: the verb, not "OK". */
  action: string;
  isDanger?: boolean;
  isOpen: boolean;
  onClose: () => void;
  /** Closes when it resolves; what it throws is shown, and can be tried again. */
  onConfirm: () => Promise<unknown>;
}

/** Asks before what cannot be undone. */
export function ConfirmDialog({ title, children, action, isDanger, isOpen, onClose, onConfirm }: ConfirmProps) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const close = (): void => {
    setError(null);
    onClose();
  };
  return (
    <Dialog title={title} isOpen={isOpen} onClose={close} role="alertdialog">
      <div>{children}</div>
      <FormError error={error} />
      <DialogActions>
        <Button onPress={close} autoFocus>
          Cancel
        </Button>
        <Button kind={isDanger ? 'danger' : 'primary'} isBusy={isBusy} onPress={() => void confirm()}>
          {action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

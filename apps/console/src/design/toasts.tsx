import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { Button } from './button.tsx';
import styles from './toasts.module.css';

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
}

interface Toasts {
  /** Something was done. */
  tell: (text: string) => void;
  /** Something started from outside a form failed; forms show their errors themselves. */
  warn: (error: unknown) => void;
}

const ToastsContext = createContext<Toasts>({ tell: () => undefined, warn: () => undefined });
const SHOWN_MS = 6_000;
let count = 0;

export const useToasts = (): Toasts => useContext(ToastsContext);

/** Short notes in the corner, read aloud politely; failures stay until they are closed. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const close = useCallback((id: number) => setToasts((all) => all.filter((each) => each.id !== id)), []);
  const toastsApi = useMemo<Toasts>(() => {
    const add = (text: string, isBad: boolean): void => {
      const id = ++count;
      setToasts((all) => [...all.slice(-4), { id, text, isBad }]);
      if (!isBad) setTimeout(() => close(id), SHOWN_MS);
    };
    return {
      tell: (text) => add(text, false),
      warn: (error) => add(error instanceof Error ? error.message : String(error), true),
    };
  }, [close]);
  return (
    <ToastsContext value={toastsApi}>
      {children}
      <div className={styles.region} role="status" aria-live="polite" aria-label="Notes">
        {toasts.map((toast) => (
          <div key={toast.id} className={`${styles.toast} ${toast.isBad ? styles.bad : ''}`}>
            <span>{toast.text}</span>
            <Button kind="quiet" small aria-label={`Close: ${toast.text}`} onPress={() => close(toast.id)}>
              ✕
            </Button>
          </div>
        ))}
      </div>
    </ToastsContext>
  );
}

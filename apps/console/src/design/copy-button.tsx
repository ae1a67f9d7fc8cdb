import { useState } from 'react';
import { Button } from './button.tsx';

const SHOWN_MS = 2_000;

/** Without permission (plain http on another machine) the clipboard is closed to us; an old way remains. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('readonly', '');
  document.body.append(area);
  area.select();
  const isDone = document.execCommand('copy');
  area.remove();
  if (!isDone) throw new Error('the browser refuses to copy');
}

/** Copies a text and says so. `what` tells screen readers what is copied. */
export function CopyButton({ text, what, label = 'Copy' }: { text: string; what: string; label?: string }) {
  const [state, setState] = useState<'' | 'Copied' | 'Not copied'>('');
  const press = async (): Promise<void> => {
    setState(
      await copy(text).then(
        () => 'Copied' as const,
        () => 'Not copied' as const,
      ),
    );
    setTimeout(() => setState(''), SHOWN_MS);
  };
  return (
    <Button small onPress={() => void press()} aria-label={`${state || label}: ${what}`}>
      <span aria-live="polite">{state || label}</span>
    </Button>
  );
}

import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import { Dialog } from '../design/dialog.tsx';
import fieldStyles from '../design/field.module.css';
import { type Command, useCommandRegistry } from './commands.tsx';
import styles from './palette.module.css';

const MOST = 50;

/** Opens by Ctrl+K (or ⌘K), also while somebody types. */
export function usePaletteKey(open: () => void): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      open();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [open]);
}

/** Everything that the screens offer, found by typing (WAI-ARIA combobox). */
export function Palette({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Go to or do" isOpen={isOpen} onClose={onClose}>
      <PaletteContent onClose={onClose} />
    </Dialog>
  );
}

function PaletteContent({ onClose }: { onClose: () => void }) {
  const id = useId();
  const registry = useCommandRegistry();
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = registry.all(typed.trim()).slice(0, MOST);
  const current = Math.min(chosen, Math.max(0, found.length - 1));
  const run = (command: Command | undefined): void => {
    if (!command) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setChosen((current + 1) % Math.max(1, found.length));
    else if (event.key === 'ArrowUp') setChosen((current + found.length - 1) % Math.max(1, found.length));
    else if (event.key === 'Enter') run(found[current]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        className={fieldStyles.input}
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found[current] ? `${id}-${current}` : undefined}
        autoComplete="off"
        autoFocus
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id={id} role="listbox" aria-label="Commands" className={styles.list}>
        {found.map((command, index) => (
          <li
            key={command.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === current}
            className={styles.option}
            onClick={() => run(command)}
            onKeyDown={onKeyDown}
          >
            {command.label}
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p role="status">Nothing is called so.</p> : null}
    </>
  );
}

import type { Dragged } from './builder.tsx';
import type { StepKind } from './flow-schema.rules.ts';
import styles from './flows.module.css';

/** Under the names by which people look for them; the others are called what they are. */
const NAMES: Record<string, string> = { webhook: 'Webhook Helper' };

/**
 * The types of steps. They are dragged into the picture; by keyboard (or by a click) one goes to the gap that was chosen
 * there, or behind the chosen step, or to the end.
 */
export function StepPalette({
  kinds,
  onDrag,
  onAdd,
}: {
  kinds: readonly StepKind[];
  onDrag: (dragged: Dragged | null) => void;
  onAdd: (type: string) => void;
}) {
  return (
    <ul className={styles.palette} aria-label="Palette of steps">
      {kinds.map(({ type, description }) => (
        <li key={type}>
          <button
            type="button"
            className={styles.kind}
            data-kind={type}
            title={description}
            draggable
            onDragStart={(event) => {
              event.dataTransfer.setData('text/plain', type);
              event.dataTransfer.effectAllowed = 'copy';
              onDrag({ type, from: null });
            }}
            onDragEnd={() => onDrag(null)}
            onClick={() => onAdd(type)}
          >
            {NAMES[type] ?? type}
          </button>
        </li>
      ))}
    </ul>
  );
}

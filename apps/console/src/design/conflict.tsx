import type { ReactNode } from 'react';
import { DiffView } from '../flows/diff-view.tsx';
import { Button } from './button.tsx';

interface ConflictProps {
  /** What the others made of it, and what is in the form; null: there is nothing that can be compared. */
  theirs: object | null;
  mine: object;
  isBusy: boolean;
  onOverwrite: () => void;
  children?: ReactNode;
}

const linesOf = (shown: object): string => `${JSON.stringify(shown, null, 2)}\n`;

/** Somebody else was faster: what differs, and saving all the same. What was typed stays in the form. */
export function Conflict({ theirs, mine, isBusy, onOverwrite, children }: ConflictProps) {
  return (
    <div>
      <p>
        Somebody else has changed it after you opened it. What you typed stays. {children}
        {theirs ? ' Lines with − are theirs alone, lines with + are yours alone.' : null}
      </p>
      {theirs ? <DiffView from={linesOf(theirs)} to={linesOf(mine)} label="Theirs against yours" /> : null}
      <Button isBusy={isBusy} onPress={onOverwrite}>
        Save mine over theirs
      </Button>
    </div>
  );
}

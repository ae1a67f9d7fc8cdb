import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef } from 'react';

/** Something that the palette (Ctrl+K) offers. */
export interface Command {
  id: string;
  label: string;
  /** More words to find it by. */
  words?: string;
  run: () => void;
}

/** Commands made of what was typed, such as "Find 0190…"; empty when there is nothing to offer. */
export type CommandSource = (typed: string) => readonly Command[];

interface Registry {
  add: (source: CommandSource) => () => void;
  all: (typed: string) => readonly Command[];
}

const CommandsContext = createContext<Registry | null>(null);

export function CommandProvider({ children }: { children: ReactNode }) {
  const sources = useRef(new Set<CommandSource>());
  const registry = useMemo<Registry>(
    () => ({
      add(source) {
        sources.current.add(source);
        return () => void sources.current.delete(source);
      },
      all: (typed) => [...sources.current].flatMap((source) => source(typed)),
    }),
    [],
  );
  return <CommandsContext value={registry}>{children}</CommandsContext>;
}

export function useCommandRegistry(): Registry {
  const registry = useContext(CommandsContext);
  if (!registry) throw new Error('commands are registered below CommandProvider');
  return registry;
}

/** Offers commands as long as the component is on the screen: `useCommands([{ id, label, run }])`. */
export function useCommands(commands: readonly Command[] | CommandSource): void {
  const registry = useCommandRegistry();
  const latest = useRef(commands);
  useEffect(() => {
    latest.current = commands;
  }, [commands]);
  useEffect(
    () =>
      registry.add((typed) => {
        const now = latest.current;
        if (typeof now === 'function') return now(typed);
        const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
        const isMeant = ({ label, words: more = '' }: Command): boolean =>
          words.every((word) => `${label} ${more}`.toLowerCase().includes(word));
        return now.filter(isMeant);
      }),
    [registry],
  );
}

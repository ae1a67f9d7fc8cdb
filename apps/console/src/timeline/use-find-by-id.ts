import { useNavigate } from 'react-router';
import { useCommands } from '../shell/commands.tsx';
import { idIn } from './timeline.rules.ts';

/** In the palette: whatever id is pasted leads to its timeline. */
export function useFindById(appId: string): void {
  const navigate = useNavigate();
  useCommands((typed) => {
    const id = idIn(typed);
    if (id === null) return [];
    const run = (): void => void navigate(`/apps/${appId}/timeline/${id}`);
    return [{ id: `find:${id}`, label: `Find ${id} in the timeline`, run }];
  });
}

import { HistoryList } from '../history/history-list.tsx';
import { useLoadedTrigger } from './trigger.tsx';

/** Who changed this webhook, and who has looked at its token. */
export function Component() {
  const { trigger } = useLoadedTrigger();
  return <HistoryList of={{ kind: 'triggers', id: trigger.id }} />;
}

import { Button } from '../design/button.tsx';
import { Badge } from '../design/page.tsx';
import styles from './live-bar.module.css';
import type { LiveState } from './use-live-signs.ts';

interface LiveBarProps {
  list: { state: LiveState; fresh: number; onShow: () => void };
}

/** Whether news come by themselves. */
export function LiveBadge({ state }: { state: LiveState }) {
  return (
    <span>
      <Badge tone={state === 'live' ? 'good' : 'plain'}>
        {state === 'live' ? 'live' : 'looked at every few seconds'}
      </Badge>
    </span>
  );
}

/** Whether news come by themselves, and those that wait because somebody reads further down. */
export function LiveBar({ list: { state, fresh, onShow } }: LiveBarProps) {
  return (
    <div className={styles.bar}>
      <LiveBadge state={state} />
      <span role="status" aria-label="News">
        {fresh > 0 ? `${fresh} new` : ''}
      </span>
      {fresh > 0 ? (
        <Button small onPress={onShow}>
          Show {fresh} new
        </Button>
      ) : null}
    </div>
  );
}

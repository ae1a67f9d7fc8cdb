import { useIsSlow } from '../design/use-is-slow.ts';

/** It is being read; after a while it says that it takes long. */
export function Waiting() {
  const isSlow = useIsSlow(true);
  return (
    <p role="status" className="muted">
      {isSlow ? 'Loading: the server takes longer than usual, still waiting …' : 'Loading …'}
    </p>
  );
}

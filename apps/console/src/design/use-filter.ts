import { useEffect, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';

/** Filters that were set in this turn of the event loop: the address shows them a moment later. */
let pending: URLSearchParams | null = null;

/** So long after somebody typed the address may still be behind; later it was changed by something else. */
const OWN_MS = 5_000;

function change(name: string, value: string | null): URLSearchParams {
  const next = new URLSearchParams(pending ?? location.search);
  if (value === null) next.delete(name);
  else next.set(name, value);
  pending = next;
  setTimeout(() => {
    if (pending === next) pending = null;
  });
  return next;
}

/**
 * A filter that stands in the address: `const [status, setStatus] = useFilter('status')`. Empty text is no filter.
 *
 * What is typed is kept here as well, and what the router shows of it later is not taken for news: it shows addresses when
 * it has time, and a field that waited for them would lose what somebody types meanwhile.
 */
export function useFilter(name: string, initial = ''): [string, (value: string) => void] {
  const [params, setParams] = useSearchParams();
  const inAddress = params.get(name) ?? initial;
  const [value, setValue] = useState(inAddress);
  const sent = useRef<{ values: string[]; lastAt: number }>({ values: [], lastAt: Number.NEGATIVE_INFINITY });
  useEffect(() => {
    const { values, lastAt } = sent.current;
    const at = performance.now() - lastAt > OWN_MS ? -1 : values.indexOf(inAddress);
    if (at === -1) setValue(inAddress);
    values.splice(0, at === -1 ? values.length : at + 1);
  }, [inAddress]);
  const set = (next: string): void => {
    if (next === value) return;
    setValue(next);
    sent.current.values.push(next);
    sent.current.lastAt = performance.now();
    setParams(change(name, next === initial ? null : next), { replace: true });
  };
  return [value, set];
}

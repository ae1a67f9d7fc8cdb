import { useSearchParams } from 'react-router';

/** A filter that stands in the address: `const [status, setStatus] = useFilter('status')`. Empty text is no filter. */
export function useFilter(name: string, initial = ''): [string, (value: string) => void] {
  const [params, setParams] = useSearchParams();
  const set = (value: string): void =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now);
        if (value === initial) next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return [params.get(name) ?? initial, set];
}

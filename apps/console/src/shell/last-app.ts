import { useEffect } from 'react';

const KEY = 'sluice.app';
/** Every deployment has it (libs/access). */
const DEFAULT_APP_ID = '00000000-0000-7000-8000-00000000da00';

/** The app of the address, otherwise the one that was looked at last, as far as the user may still enter it. */
export function useLastApp(inAddress: string | undefined, apps: readonly { id: string }[] | undefined): string {
  useEffect(() => {
    if (inAddress !== undefined) localStorage.setItem(KEY, inAddress);
  }, [inAddress]);
  if (inAddress !== undefined) return inAddress;
  const last = localStorage.getItem(KEY);
  if (!apps) return last ?? DEFAULT_APP_ID;
  const known = (id: string | null): boolean => apps.some((app) => app.id === id);
  return (known(last) ? last : known(DEFAULT_APP_ID) ? DEFAULT_APP_ID : apps[0]?.id) ?? DEFAULT_APP_ID;
}

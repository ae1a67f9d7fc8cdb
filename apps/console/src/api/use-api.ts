import { useMemo } from 'react';
import { useParams } from 'react-router';
import { type Api, clientOf } from './client.ts';

/** The app of the address, or null on screens of the whole deployment. */
export function useAppId(): string | null {
  return useParams().appId ?? null;
}

/** The API in the app of the address. Keys of queries begin with `useAppId()`, so that apps never share what was read. */
export function useApi(): Api {
  const appId = useAppId();
  return useMemo(() => clientOf(appId), [appId]);
}

import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { bodyOf } from '../api/client.ts';
import { Time } from '../design/time.tsx';
import { EndpointCard } from './endpoint-card.tsx';
import { Failed } from './failed.tsx';
import { portalClient } from './portal-client.ts';
import { Waiting } from './waiting.tsx';

/** The endpoints of a portal link. */
export function Portal({ token }: { token: string }) {
  const api = useMemo(() => portalClient(token), [token]);
  const {
    data: view,
    error,
    refetch,
  } = useQuery({
    queryKey: ['portal'],
    queryFn: () => bodyOf(api.GET('/v1/portal')),
  });
  return (
    <main>
      <header>
        <h1>Webhooks</h1>
        {view ? (
          <span className="muted">
            This page works until <Time at={view.expiresAt} />
          </span>
        ) : null}
      </header>
      <Failed error={error} retry={refetch} />
      {!view && !error ? <Waiting /> : null}
      {view?.endpoints.length === 0 ? <p>There are no endpoints any more.</p> : null}
      {view?.endpoints.map((endpoint) => (
        <EndpointCard
          key={endpoint.uuid}
          api={api}
          endpoint={endpoint}
          permissions={view.permissions}
          allowed={view.events}
        />
      ))}
    </main>
  );
}

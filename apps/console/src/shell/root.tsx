import { Navigate, Outlet } from 'react-router';
import { Failed, Loading } from '../design/states.tsx';
import { SessionEnd } from '../session/session-end.tsx';
import { UserContext, useSession } from '../session/session.ts';
import { SignIn } from '../session/sign-in.tsx';
import { useLastApp } from './last-app.ts';
import { useApps } from './shell.tsx';

/** Either somebody is signed in and sees the screen of the address, or signs in first; the address stays. */
export function Root() {
  const session = useSession();
  if (session.isPending) return <Loading what="Starting" />;
  if (session.data === undefined) return <Failed error={session.error} onRetry={() => void session.refetch()} />;
  if (session.data === null) return <SignIn />;
  return (
    <UserContext value={session.data.user}>
      <Outlet />
      <SessionEnd />
    </UserContext>
  );
}

/** `/console/`: the overview of the app that was looked at last. */
export function Landing() {
  const apps = useApps();
  const appId = useLastApp(undefined, apps.data);
  if (apps.isPending) return <Loading />;
  if (apps.error) return <Failed error={apps.error} onRetry={() => void apps.refetch()} />;
  return <Navigate to={`/apps/${appId}/overview`} replace />;
}

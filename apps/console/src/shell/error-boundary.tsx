import { isRouteErrorResponse, useRouteError } from 'react-router';
import { Failed } from '../design/states.tsx';

/** A screen broke, or its file is of a version before the update: everything else still works, and loading again helps. */
export function ScreenError() {
  const error = useRouteError();
  const isOld = error instanceof TypeError && /dynamically imported module|Importing a module/i.test(error.message);
  if (isRouteErrorResponse(error) && error.status === 404) return <NotFound />;
  return (
    <Failed
      error={isOld ? new Error('Sluice was updated, or is not reachable. Load the page again.') : error}
      onRetry={() => location.reload()}
    />
  );
}

export function NotFound() {
  return (
    <div role="alert">
      <h1>There is no such screen</h1>
      <p>The address may be mistyped, or of something that was deleted.</p>
    </div>
  );
}

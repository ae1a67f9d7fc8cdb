import { Page } from '../design/page.tsx';
import { Empty } from '../design/states.tsx';

/** How the app does: what came in, what ran, what went out. */
export function Component() {
  return (
    <Page title="Overview" about="What came in, what ran, what went out.">
      <Empty title="Nothing has happened yet">Create an inbound webhook and call its URL.</Empty>
    </Page>
  );
}

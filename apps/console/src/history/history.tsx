import { useAppId } from '../api/use-api.ts';
import { SelectField, TextField } from '../design/field.tsx';
import { Filters, Page } from '../design/page.tsx';
import { Empty } from '../design/states.tsx';
import { useFilter } from '../design/use-filter.ts';
import { HistoryList, type HistoryOf } from './history-list.tsx';

const KINDS = [
  { value: 'apps', label: 'This app' },
  { value: 'flows', label: 'A flow, by id' },
  { value: 'triggers', label: 'An inbound webhook, by id' },
  { value: 'endpoints', label: 'An outbound webhook, by id' },
  { value: 'event-types', label: 'An event type, by name' },
  { value: 'secrets', label: 'A secret, by name' },
  { value: 'tokens', label: 'A token, by id' },
  { value: 'users', label: 'A user, by id' },
] as const;

/** The audit history of anything, also of what was deleted: `?kind=…&id=…`. */
export function Component() {
  const appId = useAppId() ?? '';
  const [kind, setKind] = useFilter('kind', 'apps');
  const [id, setId] = useFilter('id');
  const chosen = kind === 'apps' ? appId : id.trim();
  return (
    <Page title="History" about="Who changed what, and when. Each thing also shows its own on its page.">
      <Filters>
        <SelectField label="Of" value={kind as HistoryOf['kind']} options={KINDS} onChange={setKind} />
        {kind === 'apps' ? null : <TextField label="Id or name" isCode value={id} onChange={setId} />}
      </Filters>
      {chosen === '' ? (
        <Empty title="Of what?">Give its id; the history remembers also what was deleted.</Empty>
      ) : (
        <HistoryList of={{ kind: kind as HistoryOf['kind'], id: chosen }} />
      )}
    </Page>
  );
}

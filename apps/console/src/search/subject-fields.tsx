import { useQuery } from '@tanstack/react-query';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { SelectField, TextField } from '../design/field.tsx';
import { useFilter } from '../design/use-filter.ts';

const MOST = 200;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ENDPOINT = /^(?:[1-9]\d{0,8}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

interface Named {
  id: string;
  name: string;
}

/** The newest of each by name; without them the filter still takes what the address says. */
function useNames() {
  const api = useApi();
  const appId = useAppId();
  const params = { query: { limit: MOST } };
  const read = (kind: string, list: () => Promise<Named[]>) => ({
    queryKey: [appId, 'names', kind],
    queryFn: list,
    staleTime: 30_000,
  });
  const triggers = useQuery(read('triggers', async () => (await bodyOf(api.GET('/v1/triggers', { params }))).items));
  const flows = useQuery(read('flows', async () => (await bodyOf(api.GET('/v1/flows', { params }))).items));
  const endpoints = useQuery(
    read('endpoints', async () =>
      (await bodyOf(api.GET('/v1/endpoints', { params }))).items.map(({ id, name }) => ({ id: String(id), name })),
    ),
  );
  return { triggers, flows, endpoints };
}

/** What stands in the address stays a choice, also when it is older than those that were read. */
function optionsOf(all: string, named: readonly Named[], chosen: string) {
  const known = named.some(({ id }) => id === chosen) || chosen === '' ? [] : [{ value: chosen, label: chosen }];
  return [{ value: '', label: all }, ...known, ...named.map(({ id, name }) => ({ value: id, label: name }))];
}

/** What search and live tail narrow by: whose trigger, flow and endpoint it was, or one id. */
export function useSubjectFilters() {
  const names = useNames();
  const [triggerId, setTriggerId] = useFilter('trigger');
  const [flowId, setFlowId] = useFilter('flow');
  const [endpointId, setEndpointId] = useFilter('endpoint');
  const [typedId, setId] = useFilter('id');
  const id = typedId.trim();
  const filters = {
    ...(UUID.test(triggerId) ? { triggerId } : {}),
    ...(UUID.test(flowId) ? { flowId } : {}),
    ...(ENDPOINT.test(endpointId) ? { endpointId } : {}),
    ...(UUID.test(id) ? { id } : {}),
  };
  const choices = [
    { label: 'Inbound webhook', all: 'Any webhook', source: names.triggers, value: triggerId, onChange: setTriggerId },
    { label: 'Flow', all: 'Any flow', source: names.flows, value: flowId, onChange: setFlowId },
    {
      label: 'Outbound webhook',
      all: 'Any webhook',
      source: names.endpoints,
      value: endpointId,
      onChange: setEndpointId,
    },
  ];
  const fields = (
    <>
      {choices.map(({ all, ...field }) => (
        <SelectField key={field.label} {...field} options={optionsOf(all, field.source.data ?? [], field.value)} />
      ))}
      <TextField
        label="Id"
        isCode
        value={typedId}
        onChange={setId}
        problem={id === '' || UUID.test(id) ? null : 'A whole id is needed'}
      />
    </>
  );
  return { filters, fields };
}

import { useQuery } from '@tanstack/react-query';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { SelectField } from '../design/field.tsx';

interface EndpointFieldProps {
  value: string;
  pointer: string;
  onChange: (name: string) => void;
}

/** LU-04: the inline webhooks that a flow can ask, by their names; what stands there already stays a choice. */
export function EndpointField({ value, pointer, onChange }: EndpointFieldProps) {
  const api = useApi();
  const appId = useAppId();
  const list = useQuery({
    queryKey: [appId, 'endpoints', 'callable'],
    queryFn: () => bodyOf(api.GET('/v1/endpoints', { params: { query: { limit: 200 } } })),
  });
  const names = (list.data?.items ?? [])
    .filter(({ kind, hookType }) => kind === 'inline' && hookType !== 'SIEM')
    .map(({ name }) => name);
  const known = value === '' || names.includes(value) ? names : [value, ...names];
  return (
    <SelectField
      label="endpoint"
      pointer={pointer}
      hint="An outbound webhook that answers: of any type but Events and SIEM."
      value={value}
      source={list}
      onChange={onChange}
      options={[{ value: '', label: 'Choose a webhook …' }, ...known.map((name) => ({ value: name, label: name }))]}
    />
  );
}

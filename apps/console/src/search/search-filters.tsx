import { SelectField, TextField } from '../design/field.tsx';
import { useFilter } from '../design/use-filter.ts';
import { useSubjectFilters } from './subject-fields.tsx';

const KINDS = [
  { value: '', label: 'Requests, runs, events, deliveries' },
  { value: 'request', label: 'Requests' },
  { value: 'run', label: 'Runs' },
  { value: 'event', label: 'Events' },
  { value: 'delivery', label: 'Deliveries' },
];
const STATUSES = [
  'accepted',
  'rejected',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
  'timed_out',
  'recorded',
  'pending',
  'discarded',
] as const;
const STATUS_OPTIONS = [
  { value: '', label: 'Any status' },
  ...STATUSES.map((status) => ({ value: status, label: status })),
];

/** What search and live tail narrow by alike. */
export interface CommonFilters {
  q?: string;
  kinds?: string;
  status?: (typeof STATUSES)[number];
  eventType?: string;
  triggerId?: string;
  flowId?: string;
  endpointId?: string;
  id?: string;
}

/** The filters of the address, and the fields that change them; half-written ones narrow nothing. */
export function useCommonFilters() {
  const [q, setQ] = useFilter('q');
  const [kinds, setKinds] = useFilter('kinds');
  const [status, setStatus] = useFilter('status');
  const [eventType, setEventType] = useFilter('eventType');
  const subject = useSubjectFilters();
  const wanted = STATUSES.find((each) => each === status);
  const filters: CommonFilters = {
    ...(q.trim().length >= 2 ? { q: q.trim() } : {}),
    ...(KINDS.some(({ value }) => value === kinds) && kinds !== '' ? { kinds } : {}),
    ...(wanted ? { status: wanted } : {}),
    ...(eventType.trim() === '' ? {} : { eventType: eventType.trim() }),
    ...subject.filters,
  };
  const fields = (
    <>
      <TextField label="Text" type="search" value={q} onChange={setQ} />
      <SelectField label="Kind" value={kinds} onChange={setKinds} options={KINDS} />
      <SelectField label="Status" value={status} onChange={setStatus} options={STATUS_OPTIONS} />
      <TextField label="Event type" value={eventType} onChange={setEventType} />
      {subject.fields}
    </>
  );
  return { filters, fields };
}

import type { Schema } from '../api/client.ts';
import type { Column } from '../design/data-table.tsx';
import { Badge, type Tone } from '../design/page.tsx';
import { Time } from '../design/time.tsx';

export type Found = Schema<'SearchItem'>;

const GOOD = new Set(['accepted', 'succeeded', 'recorded']);
const BAD = new Set(['failed', 'rejected', 'timed_out', 'discarded']);
const toneOf = (status: string): Tone => (GOOD.has(status) ? 'good' : BAD.has(status) ? 'bad' : 'plain');

/** Of search and live tail alike; a row leads to its timeline. */
export const FOUND_COLUMNS: readonly Column<Found>[] = [
  { name: 'Kind', width: '6rem', cell: ({ kind }) => kind },
  { name: 'What', width: '3fr', cell: ({ title }) => title },
  {
    name: 'Status',
    width: '11rem',
    cell: ({ status, statusCode }) => (
      <>
        <Badge tone={toneOf(status)}>{status}</Badge> {statusCode}
      </>
    ),
  },
  { name: 'When', width: '12rem', cell: ({ at }) => <Time at={at} /> },
];

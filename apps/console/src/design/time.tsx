/** Made when it is first used: each takes some milliseconds of a slow processor, and most screens need one of them. */
export function formatter(options: Intl.DateTimeFormatOptions): () => Intl.DateTimeFormat {
  let made: Intl.DateTimeFormat | null = null;
  return () => (made ??= new Intl.DateTimeFormat(undefined, options));
}

const SECONDS = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
const THIS_YEAR = formatter(SECONDS);
const OTHER_YEAR = formatter({ ...SECONDS, year: 'numeric' });
/** Of when the page was loaded. */
const YEAR = new Date().getFullYear();
const EXACT = formatter({ dateStyle: 'full', timeStyle: 'long' });

/** An instant (RFC 3339) in the viewer's zone, with the year when it is not this one; the exact value with milliseconds and UTC on hover. */
export function Time({ at }: { at: string | null | undefined }) {
  if (!at) return <span aria-label="never">–</span>;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span>{at}</span>;
  return (
    <time dateTime={at} title={`${EXACT().format(date)}\n${date.toISOString()}`}>
      {(date.getFullYear() === YEAR ? THIS_YEAR() : OTHER_YEAR()).format(date)}
    </time>
  );
}

/** Milliseconds as a person says them: 950 ms, 2.4 s, 3 min 20 s, 2 h 5 min. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
}

/** Bytes in units of 1,024. */
export function bytes(count: number): string {
  if (count < 1_024) return `${count} B`;
  if (count < 1_048_576) return `${(count / 1_024).toFixed(1)} KiB`;
  if (count < 1_073_741_824) return `${(count / 1_048_576).toFixed(1)} MiB`;
  return `${(count / 1_073_741_824).toFixed(1)} GiB`;
}

/** Rows from `first` up to but without `end`. */
export interface RowWindow {
  first: number;
  end: number;
}

/** Rows above and below those in view, so that the next turn of a wheel shows no gap. */
const AROUND = 8;
/** Begin and end move by so many rows at once: a scrolled pixel must not draw anything anew. */
const STEP = 4;

/** What has to be drawn of a list of equally high rows. @param top how far it is scrolled, @param height of what is seen, in pixels */
export function windowOf(top: number, height: number, rowPx: number, count: number): RowWindow {
  const begin = Math.floor(Math.max(0, top) / rowPx) - AROUND;
  const end = Math.ceil((Math.max(0, top) + height) / rowPx) + AROUND;
  const least = Math.min(count, Math.max(0, Math.floor(begin / STEP) * STEP));
  return { first: least, end: Math.min(count, Math.ceil(end / STEP) * STEP) };
}

/** Where a list has to be scrolled to so that a row is seen whole below its head; where it is when it is seen already. */
export function topFor(index: number, now: { top: number; height: number }, rowPx: number, headPx: number): number {
  const above = index * rowPx;
  const below = above + headPx + rowPx - now.height;
  return Math.max(0, Math.min(above, Math.max(below, now.top)));
}

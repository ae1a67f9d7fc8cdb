/** Whether a time that begins with `YYYY-MM-DD` names a day that there is: `Date` takes the 30th of February for the 2nd of March. */
export function isCalendarDay(time: string): boolean {
  const day = time.slice(0, 10);
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

/** One line of a chart; null where there is nothing to tell. */
export interface Line {
  name: string;
  tone: 'accent' | 'good' | 'bad' | 'warn' | 'info';
  values: readonly (number | null)[];
}

/** The next round number at or above: 1, 2, 5, 10, 20, 50 … so that the axis can be read. */
export function niceMaximum(lines: readonly Line[]): number {
  const highest = Math.max(1, ...lines.flatMap((line) => line.values.map((value) => value ?? 0)));
  const power = 10 ** Math.floor(Math.log10(highest));
  return ([1, 2, 5, 10].find((factor) => factor * power >= highest) ?? 10) * power;
}

/** The path of a line in a box (SVG path data); a gap where there is no value, a dot for a value between gaps. */
export function pathOf(values: readonly (number | null)[], maximum: number, width: number, height: number): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let isDown = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isDown = false;
        return '';
      }
      const x = (index * step).toFixed(1);
      const y = (height - (value / maximum) * height).toFixed(1);
      const isAlone = !isDown && (values[index + 1] ?? null) === null;
      const command = `${isDown ? 'L' : 'M'}${x} ${y}${isAlone ? `h0.1` : ''}`;
      isDown = true;
      return command;
    })
    .join('');
}

/** The index of the point nearest to a place on the chart, from 0 (left) to 1 (right). */
export function nearest(place: number, points: number): number {
  return Math.max(0, Math.min(points - 1, Math.round(place * (points - 1))));
}

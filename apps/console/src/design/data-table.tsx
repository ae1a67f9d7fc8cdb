import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { useNavigate } from 'react-router';
import styles from './data-table.module.css';
import { useRowWindow } from './use-row-window.ts';

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ReactNode;
  /** A track of CSS grid: '2fr' (never below 8.5rem), or fixed, such as '6rem' for a number. '1fr' unless given. */
  width?: string;
}

interface DataTableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** Where a row leads, by click and by Enter. */
  hrefOf?: (row: Row) => string;
  /** Its end comes near: read the next page (usePages). */
  onEnd?: () => void;
  /** Somebody is in it, scrolled down or with the focus: rows that come or go would be in the way. */
  onHold?: (isHeld: boolean) => void;
  /** When it changes, the list goes to its first row, and so does the focus. */
  top?: number;
}

const ROW_PX = 44;
const HEAD_PX = 38;
const NEAR_END_ROWS = 20;

/** What is too long is cut, and whole on hover as far as it is text. */
function Cell({ content }: { content: ReactNode }) {
  const title = typeof content === 'string' ? content : undefined;
  return (
    <div role="gridcell" className={styles.cell} title={title}>
      {content}
    </div>
  );
}

const trackOf = <Row,>({ width = '1fr' }: Column<Row>): string =>
  width.endsWith('fr') ? `minmax(8.5rem, ${width})` : width;

interface RowProps<Row> {
  row: Row;
  index: number;
  columns: readonly Column<Row>[];
  template: string;
  isTabStop: boolean;
  isLink: boolean;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
  onOpen: (row: Row, target: EventTarget) => void;
  onFocus: (index: number) => void;
}

/** Drawn once while it is in view, however much the list is scrolled. */
const DrawnRow = memo(function DrawnRow<Row>(props: RowProps<Row>) {
  const { row, index, columns, template, isTabStop, isLink, onKeyDown, onOpen, onFocus } = props;
  return (
    <div
      role="row"
      data-index={index}
      aria-rowindex={index + 2}
      tabIndex={isTabStop ? 0 : -1}
      className={`${styles.row} ${isLink ? styles.link : ''}`}
      style={{ gridTemplateColumns: template, transform: `translateY(${index * ROW_PX}px)` }}
      onKeyDown={onKeyDown}
      onClick={(event) => onOpen(row, event.target)}
      onFocus={() => onFocus(index)}
    >
      {columns.map((column) => (
        <Cell key={column.name} content={column.cell(row)} />
      ))}
    </div>
  );
}) as <Row>(props: RowProps<Row>) => ReactNode;

/** The same function for all renders that calls the newest: what gets it need not be drawn again. */
function useLatest<Args extends unknown[]>(act: (...args: Args) => void): (...args: Args) => void {
  const latest = useRef(act);
  useLayoutEffect(() => {
    latest.current = act;
  });
  return useCallback((...args: Args) => latest.current(...args), []);
}

/** Where the keyboard would go from a row; null for a key that moves nothing. */
function targetOf(key: string, current: number, page: number, last: number): number | null {
  const steps: Record<string, number> = {
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    PageDown: current + page,
    PageUp: current - page,
    Home: 0,
    End: last,
  };
  const next = steps[key];
  return next === undefined ? null : Math.max(0, Math.min(last, next));
}

/** Which row the keyboard is at. It stays in the page when it is scrolled out of view, and with it the focus. */
function useActiveRow<Row>(
  frame: { current: HTMLElement | null },
  { rows, keyOf, top }: Pick<DataTableProps<Row>, 'rows' | 'keyOf' | 'top'>,
) {
  const [active, setActive] = useState(0);
  const hasFocus = useRef(false);
  const current = Math.min(active, Math.max(0, rows.length - 1));
  const currentRow = rows[current];
  const currentKey = currentRow === undefined ? null : keyOf(currentRow);
  useEffect(() => {
    const row = frame.current?.querySelector<HTMLElement>(`[data-index="${current}"]`);
    const { activeElement } = document;
    // Not out of the hands of who is at a button in a cell, or has gone to another field meanwhile.
    const isHere =
      activeElement === document.body ||
      activeElement === frame.current ||
      activeElement?.parentElement === row?.parentElement;
    if (hasFocus.current && isHere) row?.focus({ preventScroll: true });
  }, [frame, current, currentKey]);
  const shownTop = useRef(top);
  useEffect(() => {
    if (shownTop.current === top) return;
    shownTop.current = top;
    setActive(0);
    frame.current?.scrollTo({ top: 0 });
    frame.current?.focus({ preventScroll: true });
  }, [frame, top]);
  return { current, setActive, hasFocus };
}

/**
 * A list of any length: only the rows in view are in the page. Arrow keys, Page Up/Down, Home and End move through it,
 * Enter opens; one tab stop for the whole list.
 */
export function DataTable<Row>({ label, columns, rows, keyOf, hrefOf, onEnd, onHold, top }: DataTableProps<Row>) {
  const navigate = useNavigate();
  const { frame, first, end, look, show } = useRowWindow(rows.length, ROW_PX, HEAD_PX);
  const { current, setActive, hasFocus } = useActiveRow(frame, { rows, keyOf, top });
  const toEnd = useLatest(() => onEnd?.());
  useEffect(() => {
    if (rows.length > 0 && end >= rows.length - NEAR_END_ROWS) toEnd();
  }, [end, rows.length, toEnd]);
  const hold = (): void => onHold?.(hasFocus.current || (frame.current?.scrollTop ?? 0) > 0);
  const focusTo = (isFocused: boolean) => (): void => {
    hasFocus.current = isFocused;
    hold();
  };
  const onKeyDown = useLatest((event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget) return; // a button in a cell
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 400) / ROW_PX) - 2);
    const next = targetOf(event.key, current, page, rows.length - 1);
    const row = rows[current];
    if (next !== null) {
      setActive(next);
      show(next);
    } else if (event.key === 'Enter' && hrefOf && row) void navigate(hrefOf(row));
    else return;
    event.preventDefault();
  });
  const onOpen = useLatest((row: Row, target: EventTarget) => {
    if (!hrefOf || (target as HTMLElement).closest('a, button, input, label')) return;
    if (String(window.getSelection() ?? '') === '') void navigate(hrefOf(row));
  });
  const template = columns.map(trackOf).join(' ');
  const drawn = Array.from({ length: end - first }, (_, at) => first + at);
  if (current < first && rows.length > 0) drawn.unshift(current);
  else if (current >= end && current < rows.length) drawn.push(current);
  return (
    <div
      ref={frame}
      className={styles.frame}
      tabIndex={-1}
      onScroll={() => {
        look();
        hold();
      }}
    >
      <div
        className={styles.grid}
        role="grid"
        tabIndex={rows.length === 0 ? 0 : -1}
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        onFocus={focusTo(true)}
        onBlur={focusTo(false)}
      >
        <div role="rowgroup" className={styles.head}>
          <div role="row" aria-rowindex={1} className={styles.head} style={{ gridTemplateColumns: template }}>
            {columns.map((column) => (
              <div key={column.name} role="columnheader" className={styles.cell}>
                {column.name}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" className={styles.body} style={{ height: rows.length * ROW_PX + 1 }}>
          {drawn.map((index) => {
            const row = rows[index] as Row;
            return (
              <DrawnRow
                key={keyOf(row)}
                {...{ row, index, columns, template, onKeyDown, onOpen }}
                isTabStop={index === current}
                isLink={hrefOf !== undefined}
                onFocus={setActive}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

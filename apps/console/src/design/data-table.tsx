import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import styles from './data-table.module.css';

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

/**
 * A list of any length: only the rows in view are in the page. Arrow keys, Page Up/Down, Home and End move through it,
 * Enter opens; one tab stop for the whole list.
 */
export function DataTable<Row>({ label, columns, rows, keyOf, hrefOf, onEnd, onHold, top }: DataTableProps<Row>) {
  const frame = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const [active, setActive] = useState(0);
  const hasFocus = useRef(false);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    scrollPaddingStart: HEAD_PX,
    paddingEnd: 1,
    initialRect: { width: 1_000, height: 700 },
    getItemKey: (index) => keyOf(rows[index] as Row),
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const end = useRef(onEnd);
  end.current = onEnd;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - NEAR_END_ROWS) end.current?.();
  }, [last, rows.length]);
  const current = Math.min(active, Math.max(0, rows.length - 1));
  useEffect(() => {
    if (!hasFocus.current) return;
    const row = frame.current?.querySelector<HTMLElement>(`[data-index="${current}"]`);
    row?.focus({ preventScroll: true });
  }, [current, items]);

  const hold = (): void => onHold?.(hasFocus.current || (frame.current?.scrollTop ?? 0) > 0);
  const shownTop = useRef(top);
  useEffect(() => {
    if (shownTop.current === top) return;
    shownTop.current = top;
    setActive(0);
    frame.current?.scrollTo({ top: 0 });
    frame.current?.focus({ preventScroll: true });
  }, [top]);

  const moveTo = (index: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setActive(next);
    virtual.scrollToIndex(next);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.target !== event.currentTarget) return; // a button in a cell
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 400) / ROW_PX) - 2);
    const steps: Record<string, number> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: rows.length - 1,
    };
    const row = rows[current];
    if (event.key in steps) moveTo(steps[event.key] as number);
    else if (event.key === 'Enter' && hrefOf && row) void navigate(hrefOf(row));
    else return;
    event.preventDefault();
  };
  const open = (row: Row, target: EventTarget): void => {
    if (!hrefOf || (target as HTMLElement).closest('a, button, input, label')) return;
    if (String(window.getSelection() ?? '') === '') void navigate(hrefOf(row));
  };
  const template = { gridTemplateColumns: columns.map(trackOf).join(' ') };
  return (
    <div ref={frame} className={styles.frame} tabIndex={-1} onScroll={hold}>
      <div
        className={styles.grid}
        role="grid"
        tabIndex={rows.length === 0 ? 0 : -1}
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        onFocus={() => {
          hasFocus.current = true;
          hold();
        }}
        onBlur={() => {
          hasFocus.current = false;
          hold();
        }}
      >
        <div role="rowgroup" className={styles.head}>
          <div role="row" aria-rowindex={1} className={styles.head} style={template}>
            {columns.map((column) => (
              <div key={column.name} role="columnheader" className={styles.cell}>
                {column.name}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index] as Row;
            return (
              <div
                key={item.key}
                role="row"
                data-index={item.index}
                aria-rowindex={item.index + 2}
                tabIndex={item.index === current ? 0 : -1}
                className={`${styles.row} ${hrefOf ? styles.link : ''}`}
                style={{ ...template, transform: `translateY(${item.start}px)` }}
                onKeyDown={onKeyDown}
                onClick={(event) => open(row, event.target)}
                onFocus={() => setActive(item.index)}
              >
                {columns.map((column) => (
                  <Cell key={column.name} content={column.cell(row)} />
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

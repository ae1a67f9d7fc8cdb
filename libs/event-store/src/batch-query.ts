import type { Connection, Submittable } from 'pg';
import { type ArrayColumn, formatOf, writeArray } from './binary-array.ts';
import type { AppendStatement } from './append-statement.ts';
import type { WireBuffer } from './wire-buffer.ts';

/** What node-pg keeps of a connection besides what its types say. */
interface StatementsOfConnection {
  parsedStatements: Record<string, string | undefined>;
  stream: { writable: boolean; write(bytes: Uint8Array): boolean };
}

/** The parts of node-pg's DataRow message that are read. */
interface DataRow {
  fields: (string | null)[];
}

/** Where the result of the statement goes: its only row, in text format. */
export interface BatchAnswer {
  resolve(row: (string | null)[]): void;
  reject(error: unknown): void;
}

/**
 * Writes Bind, Execute and Sync of the extended query protocol (PostgreSQL 18, §54.7) for a statement whose parameters
 * are arrays, and whose answer is text.
 * @throws TypeError when a value does not fit its column.
 */
export function writeBind(target: WireBuffer, name: string, columns: readonly ArrayColumn[]): void {
  target.reset();
  target.letter('B');
  const size = target.take(4);
  target.cString('');
  target.cString(name);
  target.int16(columns.length);
  for (const { type } of columns) target.int16(formatOf(type));
  target.int16(columns.length);
  for (const column of columns) {
    const length = target.take(4);
    const start = target.end;
    writeArray(target, column);
    target.bytes.writeInt32BE(target.end - start, length);
  }
  target.int16(0);
  target.bytes.writeInt32BE(target.end - size, size);
  // Execute the unnamed portal to its end.
  target.letter('E');
  target.int32(9);
  target.cString('');
  target.int32(0);
  target.letter('S');
  target.int32(4);
}

/**
 * One batch as node-pg submits it. Its own query class copies each parameter into a buffer that grows to the size of the
 * message, asks for a description of the row and builds a result from it: 3 µs of an accept, and most of the memory
 * outside of V8's heap that an accept took. Here the message is one piece, written already.
 */
export class BatchQuery implements Submittable {
  /** By these two node-pg knows which statements a connection has prepared. */
  readonly name: string | undefined;
  readonly text: string;
  readonly #message: Buffer;
  readonly #answer: BatchAnswer;
  #row: (string | null)[] | null = null;

  /** @param message of `writeBind`; it must stay as it is until the answer. */
  constructor(statement: AppendStatement, message: Buffer, answer: BatchAnswer) {
    this.name = statement.name;
    this.text = statement.text;
    this.#message = message;
    this.#answer = answer;
  }

  submit(connection: Connection): void {
    const { parsedStatements, stream } = connection as unknown as StatementsOfConnection;
    if (this.name === undefined || parsedStatements[this.name] === undefined) {
      connection.parse({ name: this.name ?? '', text: this.text, types: [] }, true);
    }
    // As node-pg does: a connection that is gone says so by its own event, which fails this query.
    if (stream.writable) stream.write(this.#message);
  }

  handleDataRow({ fields }: DataRow): void {
    this.#row = fields;
  }

  handleCommandComplete(): void {}

  handleError(error: unknown): void {
    this.#answer.reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#row) this.#answer.resolve(this.#row);
    else this.#answer.reject(new Error('a batch was answered without a row'));
  }
}

import { platformError } from '@sluice/platform';

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** A cursor is where the last page ended: the sort time and the id, opaque to the caller. */
export interface CursorPlace {
  at: string;
  id: string;
}

export function encodeCursor(place: CursorPlace): string {
  return Buffer.from(JSON.stringify([place.at, place.id])).toString('base64url');
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** As we write it, and so that PostgreSQL takes it. */
function isPlaceTime(at: unknown): at is string {
  if (typeof at !== 'string' || !/^[1-9]\d{3}-/.test(at)) return false;
  const time = new Date(at);
  return !Number.isNaN(time.getTime()) && time.toISOString() === at;
}

/** @throws AppError invalid_request when the text is not a cursor that we gave out. */
export function decodeCursor(cursor: string | undefined): CursorPlace | null {
  if (cursor === undefined) return null;
  try {
    const [at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as [unknown, unknown];
    if (isPlaceTime(at) && typeof id === 'string' && UUID.test(id)) return { at, id };
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
  }
  throw platformError('invalid_request', 'the cursor is not one that this API gave out', {
    errors: [{ pointer: '/cursor', message: 'is not a cursor of this list' }],
  });
}

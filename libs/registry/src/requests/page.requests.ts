import { ApiProperty } from '@nestjs/swagger';
import { LimitedQuery, platformError } from '@sluice/platform';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';

/** `?cursor&limit` of every list. */
export class PageQuery extends LimitedQuery {
  @ApiProperty({ required: false, description: 'nextCursor of the page before' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  cursor?: string;
}

/** A list that can be searched by a piece of the name. */
export class SearchQuery extends PageQuery {
  @ApiProperty({ required: false, maxLength: 200 })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  @Matches(/^\P{Cc}*$/u, { message: 'must not contain control characters' })
  q?: string;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

const DEFAULT_LIMIT = 50;
const MAX_INT4 = 2_147_483_647;

export interface PageWindow {
  /** Numbers below this one; the largest int4 for the first page. */
  below: number;
  limit: number;
}

/** @throws AppError `invalid_request` when the cursor is not one of ours. */
export function windowOf(query: PageQuery): PageWindow {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (query.cursor === undefined) return { below: MAX_INT4, limit };
  const match = /^n(\d{1,10})$/.exec(Buffer.from(query.cursor, 'base64url').toString('latin1'));
  const below = Number(match?.[1] ?? Number.NaN);
  if (!Number.isInteger(below) || below > MAX_INT4) {
    throw foreignCursor();
  }
  return { below, limit };
}

/** One page from `limit + 1` rows, newest first. */
export function pageOf<R, T>(
  rows: readonly R[],
  limit: number,
  numberOf: (row: R) => number,
  show: (row: R) => T,
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: items.map(show),
    nextCursor: more ? Buffer.from(`n${numberOf(last)}`).toString('base64url') : null,
  };
}

/** For lists in the order of their names: the names after this one, or null for the first page. */
export interface NamedWindow {
  after: string | null;
  limit: number;
}

/** @throws AppError `invalid_request` when the cursor is not one of ours. */
export function namedWindowOf(query: PageQuery): NamedWindow {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (query.cursor === undefined) return { after: null, limit };
  const text = Buffer.from(query.cursor, 'base64url').toString();
  if (!/^t\P{Cc}{1,200}$/u.test(text) || cursorOf(text) !== query.cursor) throw foreignCursor();
  return { after: text.slice(1), limit };
}

/** One page from `limit + 1` items in the order of their names. */
export function namedPageOf<T>(items: readonly T[], limit: number, nameOf: (item: T) => string): Page<T> {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  return { items: page, nextCursor: items.length > limit && last ? cursorOf(`t${nameOf(last)}`) : null };
}

function cursorOf(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function foreignCursor(): Error {
  return platformError('invalid_request', 'the cursor is not one that a list has given', {
    errors: [{ pointer: '/cursor', message: 'is not a cursor of this list' }],
  });
}

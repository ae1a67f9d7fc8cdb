import { TAILED_COLUMNS_SQL, tailedIndexSql } from '@sluice/local-copy';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import type { RoleGrant } from '@sluice/contracts';

/** A session ends this long after it was used last … */
export const SESSION_IDLE_MS = 12 * 3_600_000;
/** … and this long after it began, however busy it was. */
export const SESSION_LIFE_MS = 7 * 86_400_000;
/** Using a session moves its end at most this often: each move is read again by every process. */
export const SESSION_STEP_MS = 5 * 60_000;

/** A user as the guard knows them. */
export interface AccessUser {
  userId: string;
  roles: readonly RoleGrant[];
  active: boolean;
  /** Sessions of another generation are over: raised when the password changes or the user is disabled. */
  generation: number;
}

export interface AccessSession {
  sessionId: string;
  /** Of the session's token, lower-case hex. */
  sha256: string;
  userId: string;
  generation: number;
  /** RFC 3339: the end, however much it is used. */
  expiresAt: string;
  /** RFC 3339: the end unless it is used again. */
  idleExpiresAt: string;
}

export const USERS_SQL = [
  `create table if not exists access.users (
    user_id uuid primary key, roles text not null, active boolean not null, generation int not null,
    ${TAILED_COLUMNS_SQL})`,
  tailedIndexSql('access.users'),
  `create table if not exists access.sessions (
    session_id uuid primary key, sha256 text not null unique, user_id uuid not null, generation int not null,
    expires_at timestamptz not null, idle_expires_at timestamptz not null, ${TAILED_COLUMNS_SQL})`,
  tailedIndexSql('access.sessions'),
  'create index if not exists access_sessions_of_user on access.sessions (user_id)',
];

const ADMIT_USER: AlongsideStatement = {
  name: 'access_admit_user',
  columns: ['uuid', 'text', 'bool', 'int4'],
  sql: (arrays) => `insert into access.users (user_id, roles, active, generation)
    select * from unnest(${arrays.join(', ')})
    on conflict (user_id) do update set roles = excluded.roles, active = excluded.active,
      generation = excluded.generation, changed_xid = pg_current_xact_id(), deleted = false`,
};

const DISMISS_USER: AlongsideStatement = {
  name: 'access_dismiss_user',
  columns: ['uuid'],
  sql: ([ids]) => `update access.users set deleted = true, changed_xid = pg_current_xact_id()
    where user_id = any(${ids})`,
};

const OPEN_SESSION: AlongsideStatement = {
  name: 'access_open_session',
  columns: ['uuid', 'text', 'uuid', 'int4', 'timestamptz', 'timestamptz'],
  sql: (arrays) => `insert into access.sessions
      (session_id, sha256, user_id, generation, expires_at, idle_expires_at)
    select * from unnest(${arrays.join(', ')})`,
};

const END_SESSION: AlongsideStatement = {
  name: 'access_end_session',
  columns: ['uuid'],
  sql: ([ids]) => `update access.sessions set deleted = true, changed_xid = pg_current_xact_id()
    where session_id = any(${ids})`,
};

const KEEP_SESSION: AlongsideStatement = {
  name: 'access_keep_session',
  columns: ['uuid', 'int4'],
  sql: (arrays) => `update access.sessions s set generation = k.generation, changed_xid = pg_current_xact_id()
    from unnest(${arrays.join(', ')}) as k(id, generation) where s.session_id = k.id`,
};

/** Lets a user in, or changes what they may do; in the unit that appends the event saying so. */
export function admitUser(user: AccessUser): Alongside {
  const row = [user.userId, JSON.stringify(user.roles), user.active, user.generation];
  return { statement: ADMIT_USER, rows: [row] };
}

/** No credential of the user works any longer. */
export function dismissUser(userId: string): Alongside {
  return { statement: DISMISS_USER, rows: [[userId]] };
}

export function openSession(session: AccessSession): Alongside {
  const { sessionId, sha256, userId, generation, expiresAt, idleExpiresAt } = session;
  return { statement: OPEN_SESSION, rows: [[sessionId, sha256, userId, generation, expiresAt, idleExpiresAt]] };
}

export function endSession(sessionId: string): Alongside {
  return { statement: END_SESSION, rows: [[sessionId]] };
}

/** The one session that outlives the change which ends all others of its user. */
export function keepSession(sessionId: string, generation: number): Alongside {
  return { statement: KEEP_SESSION, rows: [[sessionId, generation]] };
}

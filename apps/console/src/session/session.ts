import { queryOptions, useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { ApiError } from '../api/api-error.ts';
import { bodyOf, plainClient, type Schema } from '../api/client.ts';

export type User = Schema<'UserView'>;
export type Role = User['roles'][number]['role'];

const ROLES: readonly Role[] = ['viewer', 'operator', 'editor', 'administrator'];

export const SESSION_KEY = ['session'] as const;

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: SESSION_KEY,
  queryFn: async () => {
    try {
      return await bodyOf(plainClient.GET('/v1/sessions/current'));
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 404)) return null;
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
  retry: 1,
});

export const useSession = () => useQuery(sessionQuery);

export const UserContext = createContext<User | null>(null);

/** The user who is signed in; only below the shell. */
export function useUser(): User {
  const user = useContext(UserContext);
  if (!user) throw new Error('nobody is signed in here');
  return user;
}

/**
 * Whether the user is at least this in an app (null: in all apps). What it hides is refused by the API as well; this only
 * spares people buttons that would not work.
 */
export function may(user: User, needed: Role, appId: string | null): boolean {
  return user.roles.some(
    (grant) => (grant.appId === null || grant.appId === appId) && ROLES.indexOf(grant.role) >= ROLES.indexOf(needed),
  );
}

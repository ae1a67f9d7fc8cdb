import { useQuery } from '@tanstack/react-query';
import { Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { Link, NavLink, Outlet, useLocation, useNavigate, useParams } from 'react-router';
import { bodyOf, plainClient, type Schema } from '../api/client.ts';
import { Button } from '../design/button.tsx';
import { Loading } from '../design/states.tsx';
import { may, useUser } from '../session/session.ts';
import { useSignOut } from '../session/use-sign-out.ts';
import { useCommands } from './commands.tsx';
import { useLastApp } from './last-app.ts';
import { NAVIGATION, type NavigationItem } from './navigation.ts';
import { Palette, usePaletteKey } from './palette.tsx';
import styles from './shell.module.css';
import { type Theme, useTheme } from './theme.ts';
import { useFindById } from '../timeline/use-find-by-id.ts';

type App = Schema<'AppView'>;
const MOST_APPS = 200;

/** The apps that the user may enter. */
export function useApps() {
  return useQuery({
    queryKey: ['apps'],
    queryFn: async () => (await bodyOf(plainClient.GET('/v1/apps', { params: { query: { limit: MOST_APPS } } }))).items,
  });
}

const pathOf = (item: NavigationItem, appId: string): string => (item.isGlobal ? item.to : `/apps/${appId}/${item.to}`);

function AppSwitcher({ apps, appId }: { apps: readonly App[]; appId: string }) {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  // The same list in the other app; one thing of this app does not exist there.
  const section = /^\/apps\/[^/]+\/([^/]+)/.exec(pathname)?.[1] ?? 'overview';
  return (
    <label className={styles.compact}>
      <span>App</span>
      <select value={appId} onChange={(event) => void navigate(`/apps/${event.target.value}/${section}`)}>
        {apps.map((app) => (
          <option key={app.id} value={app.id}>
            {app.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function ThemeSwitch() {
  const [theme, setTheme] = useTheme();
  return (
    <label className={styles.compact}>
      <span>Colours</span>
      <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
        <option value="system">System</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}

function Navigation({ appId, isOpen, onGo }: { appId: string; isOpen: boolean; onGo: () => void }) {
  const user = useUser();
  return (
    <nav className={styles.nav} aria-label="Main" data-open={isOpen}>
      {NAVIGATION.map(({ heading, items }) => {
        const visible = items.filter((item) => isShown(item, user, appId));
        if (visible.length === 0) return null;
        return (
          <div key={heading} style={{ display: 'contents' }}>
            <h2>{heading}</h2>
            {visible.map((item) => (
              <NavLink key={item.to} to={pathOf(item, appId)} end={item.to === '/apps'} onClick={onGo}>
                {item.label}
              </NavLink>
            ))}
          </div>
        );
      })}
    </nav>
  );
}

/** Who administers some app may see the users of it. */
function isShown(item: NavigationItem, user: Parameters<typeof may>[0], appId: string): boolean {
  if (!item.isGlobal) return may(user, item.role, appId);
  return user.roles.some((grant) => may(user, item.role, grant.appId));
}

/** Every screen in the menu can be gone to by its name. */
function useNavigationCommands(appId: string): void {
  const navigate = useNavigate();
  const user = useUser();
  const items = NAVIGATION.flatMap((group) => group.items).filter((item) => isShown(item, user, appId));
  useCommands(
    items.map((item) => ({
      id: `go:${item.to}`,
      label: `Go to ${item.label}`,
      words: item.words ?? '',
      run: () => void navigate(pathOf(item, appId)),
    })),
  );
}

/** Header, menu and the screen; the focus goes to the screen whenever another one is shown. */
export function Shell() {
  const params = useParams();
  const user = useUser();
  const apps = useApps();
  const appId = useLastApp(params.appId, apps.data);
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const signOut = useSignOut();
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
    window.scrollTo(0, 0);
  }, [pathname]);
  useNavigationCommands(appId);
  useFindById(appId);
  const openPalette = useCallback(() => setPaletteOpen(true), []);
  usePaletteKey(openPalette);
  return (
    <div className={styles.shell}>
      <header className={styles.top}>
        <a className={styles.skip} href="#main">
          Skip to the content
        </a>
        <span className={styles.menu}>
          <Button small aria-expanded={isMenuOpen} onPress={() => setMenuOpen(!isMenuOpen)}>
            Menu
          </Button>
        </span>
        <Link className={styles.brand} to={`/apps/${appId}/overview`}>
          Sluice
        </Link>
        <AppSwitcher apps={apps.data ?? []} appId={appId} />
        <span className={styles.grow} />
        <Button small onPress={openPalette}>
          Find … <kbd>Ctrl K</kbd>
        </Button>
        <ThemeSwitch />
        <Link to="/account">{user.name}</Link>
        <Button small onPress={signOut}>
          Sign out
        </Button>
      </header>
      <Navigation appId={appId} isOpen={isMenuOpen} onGo={() => setMenuOpen(false)} />
      <main className={styles.main} id="main" ref={main} tabIndex={-1}>
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
      <Palette isOpen={isPaletteOpen} onClose={() => setPaletteOpen(false)} />
    </div>
  );
}

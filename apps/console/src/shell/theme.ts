import { useCallback, useEffect, useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'sluice.theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

/** Puts the colours on the page; called once before anything is drawn, so that nothing flashes. */
export function applyTheme(theme: Theme = stored()): void {
  document.documentElement.dataset.theme = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
}

/** Changes them when the system does, on every screen, also before somebody has signed in. */
export function followSystemTheme(): void {
  applyTheme();
  dark.addEventListener('change', () => applyTheme());
}

/** The colours that this browser prefers, and a switch for them. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(stored);
  useEffect(() => applyTheme(theme), [theme]);
  const choose = useCallback((next: Theme) => {
    if (next === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
    setTheme(next);
  }, []);
  return [theme, choose];
}

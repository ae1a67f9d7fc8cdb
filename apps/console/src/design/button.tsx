import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';
import { Link, type LinkProps } from 'react-router';
import styles from './button.module.css';
import { useIsSlow } from './use-is-slow.ts';

export interface Look {
  /** `primary` once per screen; `danger` for what cannot be undone; `quiet` beside text. */
  kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  small?: boolean;
}

const classOf = ({ kind = 'plain', small }: Look): string =>
  [styles.button, kind === 'plain' ? '' : styles[kind], small ? styles.small : ''].filter(Boolean).join(' ');

interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'style' | 'children'>, Look {
  children: ReactNode;
  /** It works: cannot be pressed again, and says so. */
  isBusy?: boolean;
}

/** Something happens. For going somewhere else there is LinkButton. */
export function Button({ kind, small, isBusy = false, children, ...rest }: ButtonProps) {
  const isSlow = useIsSlow(isBusy);
  return (
    <AriaButton {...rest} isPending={isBusy} className={classOf({ kind, small } as Look)}>
      {isBusy ? <span aria-hidden="true">…</span> : null}
      {children}
      {isSlow ? <span className={styles.slow}>(the server takes longer than usual)</span> : null}
    </AriaButton>
  );
}

/** Looks like a button and goes to an address. */
export function LinkButton({ kind, small, ...rest }: Omit<LinkProps, 'className'> & Look) {
  return <Link {...rest} className={classOf({ kind, small } as Look)} />;
}

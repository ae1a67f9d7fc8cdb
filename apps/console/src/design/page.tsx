import { type ReactNode, useEffect, useId } from 'react';
import { Link, NavLink } from 'react-router';
import styles from './page.module.css';
import { SavedFilters } from './saved-filters.tsx';

interface PageProps {
  title: string;
  /** One sentence: what one does here. */
  about?: ReactNode;
  actions?: ReactNode;
  /** The list that this is one of. */
  parent?: { label: string; to: string };
  children: ReactNode;
}

/** A screen: heading, title of the document, buttons, content. */
export function Page({ title, about, actions, parent, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Sluice`;
  }, [title]);
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <div className={styles.title}>
          {parent ? (
            <nav className={styles.crumbs} aria-label="Up">
              <Link to={parent.to}>{parent.label}</Link> /
            </nav>
          ) : null}
          <h1>{title}</h1>
          {about ? <div className={styles.about}>{about}</div> : null}
        </div>
        {actions ? <div className={styles.actions}>{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

/** A box with a heading. */
export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section className={styles.section} aria-labelledby={id}>
      <div className={styles.header}>
        <h2 id={id}>{title}</h2>
        {actions ? <div className={styles.actions}>{actions}</div> : null}
      </div>
      {children}
    </section>
  );
}

/** Parts of a screen that have addresses of their own. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly { label: string; to: string }[] }) {
  return (
    <nav className={styles.tabs} aria-label={label}>
      {tabs.map((tab) => (
        <NavLink key={tab.to} to={tab.to} end>
          {tab.label}
        </NavLink>
      ))}
    </nav>
  );
}

/** Names and values. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={styles.facts}>
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The row of filters above a list (see useFilter), with those that were saved under a name. */
export function Filters({ children }: { children: ReactNode }) {
  return (
    <search className={styles.filters} aria-label="Filters">
      {children}
      <SavedFilters />
    </search>
  );
}

export type Tone = 'plain' | 'good' | 'bad' | 'warn' | 'info';

/** A state in a word; the colour only repeats it. */
export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`${styles.badge} ${tone === 'plain' ? '' : styles[tone]}`}>{children}</span>;
}

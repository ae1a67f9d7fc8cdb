import { useEffect } from 'react';
import { SignInForm } from './sign-in-form.tsx';
import styles from './sign-in.module.css';

/** What who is not signed in sees, at whatever address; afterwards the screen of that address. */
export function SignIn() {
  useEffect(() => {
    document.title = 'Sign in · Sluice';
  }, []);
  return (
    <main className={styles.place}>
      <h1>Sluice</h1>
      <div className={styles.box}>
        <h2>Sign in</h2>
        <SignInForm />
      </div>
    </main>
  );
}

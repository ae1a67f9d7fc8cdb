import { type Demo, setUpDemo } from '@sluice/demo';
import { type FirstAdministrator, rememberAdministrator } from './first-administrator.ts';
import { reachesLoopback } from './outbound-default.ts';
import { rememberAdminToken } from './generated-secrets.ts';

export interface GreetingOptions {
  url: string;
  publicUrl: string;
  dataDir: string;
  /** Null when a token was generated at an earlier start and is known to its owner only. */
  adminToken: string | null;
  isNewToken: boolean;
  /** Shown when it was generated just now. */
  administrator: FirstAdministrator | null;
  demo: boolean;
  outboundAllow: readonly string[];
  print: (line: string) => void;
}

/** The demo is for show: whatever is wrong with it is one line, and everything else starts. */
async function demoOrReason({ url, publicUrl, adminToken, dataDir, print }: GreetingOptions): Promise<Demo | null> {
  try {
    return await setUpDemo({ baseUrl: url, publicUrl, adminToken, dataDir, print });
  } catch (error) {
    print(`The demo is left out: ${(error as Error).message}`);
    return null;
  }
}

/**
 * The lines a newcomer reads: where it is, the token (first start only), and one curl that fires the demo trigger.
 * Returns the running demo, or null when it is left out.
 */
export async function greet(options: GreetingOptions): Promise<Demo | null> {
  const { print } = options;
  let demo: Demo | null = null;
  if (options.demo && !reachesLoopback(options.outboundAllow)) {
    print("The demo is left out: SLUICE_OUTBOUND_ALLOW does not allow its receiver's address 127.0.0.1.");
  } else if (options.demo) {
    demo = await demoOrReason(options);
  }
  print(`Sluice is ready at ${options.publicUrl}`);
  print(`The console: ${options.publicUrl}/console/`);
  if (options.isNewToken && options.adminToken) {
    await rememberAdminToken(options.dataDir, options.adminToken);
    print(`The administrator's token, shown only this once: ${options.adminToken}`);
  }
  if (options.administrator?.isNew) {
    const { email, password } = options.administrator;
    await rememberAdministrator(options.dataDir, options.administrator);
    print(`Sign in as ${email} with the password ${password} (shown only this once)`);
  }
  if (demo) print(`Fire the demo trigger and see its delivery arrive here:\n\n  ${demo.curl}\n`);
  return demo;
}

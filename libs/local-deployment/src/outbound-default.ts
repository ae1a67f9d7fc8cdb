/** While SLUICE_OUTBOUND_ALLOW is unset, a deployment on one machine may reach receivers on that machine. */
export const LOOPBACK = ['127.0.0.0/8', '::1/128'];

export function outboundAllowOf(setting: string[] | null, print: (line: string) => void): string[] {
  if (setting !== null) return setting;
  print(
    'Warning: SLUICE_OUTBOUND_ALLOW is unset, so deliveries may reach this machine itself (127.0.0.0/8, ::1). Set it (empty for none) before others use this.',
  );
  return LOOPBACK;
}

/** Whether the demo's receiver on 127.0.0.1 can be reached under these blocks. */
export function reachesLoopback(allow: readonly string[]): boolean {
  return allow.some((block) => /^127\.(0\.0\.[01]\/\d+|0\.0\.0\/8|0\.0\.1$)|^0\.0\.0\.0\/0$/.test(block));
}

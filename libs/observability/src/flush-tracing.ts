/** Sends what the exporter still holds, within two seconds; called once at the end of a shutdown. Never rejects. */
export async function flushTracing(): Promise<void> {
  const flush = (globalThis as Record<symbol, unknown>)[Symbol.for('sluice.tracing.flush')] as
    | (() => Promise<unknown>)
    | undefined;
  try {
    await flush?.();
  } catch (error) {
    process.stderr.write(`the last traces could not be sent: ${(error as Error).message}\n`);
  }
}

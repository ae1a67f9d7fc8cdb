import type { FlowDefinition, TriggerAuth } from '@sluice/contracts';

const EXAMPLES: Record<string, unknown> = { integer: 1, number: 1.5, boolean: true, object: {}, array: [] };

/** A body shaped like the flow's declared inputs (LT-02). */
export function exampleBodyOf(definition: FlowDefinition): Record<string, unknown> {
  const inputs = Object.entries(definition.inputs ?? {});
  if (inputs.length === 0) return { hello: 'world' };
  return Object.fromEntries(inputs.map(([name, input]) => [name, EXAMPLES[input.type] ?? 'text']));
}

/** One line for a shell; the token stands in it in clear, so it is shown together with the token only. */
export function curlOf(url: string, auth: TriggerAuth, method: string, token: string | null, body: unknown): string {
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const parts = ['curl', '-sS', '-X', method, quote(url)];
  if (auth.type === 'bearer') parts.push('-H', quote(`Authorization: Bearer ${token ?? '<token>'}`));
  if (auth.type === 'header') parts.push('-H', quote(`${auth.name}: ${token ?? '<token>'}`));
  if (method !== 'GET' && method !== 'DELETE') {
    parts.push('-H', quote('Content-Type: application/json'), '-d', quote(JSON.stringify(body)));
  }
  return parts.join(' ');
}

import type { FieldProblem, FlowDefinition, HmacPreset, TriggerAuth } from '@sluice/contracts';

const EXAMPLES: Record<string, unknown> = { integer: 1, number: 1.5, boolean: true, object: {}, array: [] };

/** A body shaped like the flow's declared inputs (LT-02). */
export function exampleBodyOf(definition: FlowDefinition): Record<string, unknown> {
  const inputs = Object.entries(definition.inputs ?? {});
  if (inputs.length === 0) return { hello: 'world' };
  return Object.fromEntries(inputs.map(([name, input]) => [name, EXAMPLES[input.type] ?? 'text']));
}

/** The header of a signature, as far as one line of a shell can say it. */
const SIGNATURE_HEADERS: Readonly<Record<HmacPreset, string>> = {
  github: 'X-Hub-Signature-256: sha256=<signature>',
  meta: 'X-Hub-Signature-256: sha256=<signature>',
  shopify: 'X-Shopify-Hmac-Sha256: <signature>',
  slack: 'X-Slack-Signature: v0=<signature>',
  stripe: 'Stripe-Signature: t=<timestamp>,v1=<signature>',
  standard: 'webhook-signature: v1,<signature>',
};

/** What curl says to prove the request; what has to be computed per request stands as `<…>`. */
function credentialArguments(auth: TriggerAuth, secret: string | null): string[] {
  switch (auth.type) {
    case 'bearer':
      return ['-H', `Authorization: Bearer ${secret ?? '<token>'}`];
    case 'header':
      return ['-H', `${auth.name}: ${secret ?? '<token>'}`];
    case 'basic':
      return ['-u', `${auth.user}:${secret ?? '<password>'}`];
    case 'jwt':
      return ['-H', auth.header === undefined ? 'Authorization: Bearer <jwt>' : `${auth.header}: <jwt>`];
    case 'hmac':
      return ['-H', 'preset' in auth ? SIGNATURE_HEADERS[auth.preset] : `${auth.header}: ${auth.prefix}<signature>`];
    default:
      return [];
  }
}

/** One line for a shell; token or password stand in it in clear, so it is shown together with them only. */
export function curlOf(url: string, auth: TriggerAuth, method: string, secret: string | null, body: unknown): string {
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const parts = ['curl', '-sS', '-X', method, quote(url)];
  const [option, value] = credentialArguments(auth, secret);
  if (option !== undefined && value !== undefined) parts.push(option, quote(value));
  if (method !== 'GET' && method !== 'DELETE') {
    parts.push('-H', quote('Content-Type: application/json'), '-d', quote(JSON.stringify(body)));
  }
  return parts.join(' ');
}

/** Every gateway holds them in memory, and every request of the trigger carries them. */
const MAX_PROPS_BYTES = 65_536;

export function propsProblems(props: unknown): FieldProblem[] {
  const bytes = Buffer.byteLength(JSON.stringify(props ?? null));
  if (bytes <= MAX_PROPS_BYTES) return [];
  return [{ pointer: '/props', message: `must have at most ${MAX_PROPS_BYTES} bytes as JSON` }];
}

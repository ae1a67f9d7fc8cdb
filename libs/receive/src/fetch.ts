import { type Handler, type ReceiveOptions, Receiver } from './receiver.ts';

/** For whatever answers a `Request` with a `Response`: Hono, Next.js, Deno, Bun, workers with Node's crypto. */
export function receiveFetch(options: ReceiveOptions, handler: Handler): (request: Request) => Promise<Response> {
  const receiver = new Receiver(options, handler);
  return async (request) => {
    const body = await bodyOf(request, receiver.maxBytes);
    const { status, headers, body: text } = body ? await receiver.receive(request.headers, body) : receiver.tooLarge();
    return new Response(text, { status, headers });
  };
}

/** Null when it is too large: not a byte more is read than may be. */
async function bodyOf(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

import type { AttemptError } from '@sluice/contracts';
import { type ConnectionOptions, createSecureContext, getCACertificates } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { AddressPolicy } from './address-policy.ts';
import { AnswerBody } from './answer-body.ts';
import { bodyLimit } from './body-limit.interceptor.ts';
import { BoundedAgent } from './bounded-agent.ts';
import { deadline } from './deadline.interceptor.ts';
import { guardedConnector } from './guarded-connector.ts';
import { HostResolver, type ResolveHost } from './host-resolver.ts';
import type { OutboundDispatchOptions } from './outbound-dispatch-options.ts';
import type { ProxyOptions } from './proxy.rules.ts';
import { attemptErrorOf, BodyLimitError, type Phase } from './outbound-error.ts';
import { safeHeaders } from './safe-headers.interceptor.ts';
import { type Target, targetOf } from './url-policy.ts';

export interface OutboundClientOptions {
  /** CIDRs that may be called although private (`SLUICE_OUTBOUND_ALLOW`). */
  allow: readonly string[];
  /** Connections per origin; 64 unless given. */
  connectionsPerOrigin?: number;
  /** Origins with open connections; 512 unless given. */
  maxOrigins?: number;
  connectTimeoutMs?: number;
  resolve?: ResolveHost;
  tls?: ConnectionOptions;
  /** Certificate authorities that are trusted beside Node's own, as PEM. */
  extraCa?: string | null;
  /** The way out; directly unless given. */
  proxy?: ProxyOptions | null;
}

export interface OutboundRequest {
  method: string;
  url: string;
  headers: readonly (readonly [string, string])[];
  body: Uint8Array | string | null;
  /** From the name's resolution to the last byte of the body. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** 1 MiB unless given. */
  maxBodyBytes?: number;
}

export interface OutboundAnswer {
  ok: true;
  status: number;
  /** Lower-case names; repeated ones joined by a comma. */
  headers: Record<string, string>;
  /** As it was sent: nothing is decompressed. */
  body: Buffer;
  truncated: boolean;
  durationMs: number;
  /** Where the newest connection to this origin went. */
  remoteAddress: string | null;
}
export interface OutboundFailure {
  ok: false;
  error: AttemptError;
  durationMs: number;
}
export type OutboundResult = OutboundAnswer | OutboundFailure;

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
const KNOWN_TARGETS = 1000;

/** The settings of a deployment that every outbound call follows. */
export interface OutboundSettings {
  outboundAllow: readonly string[] | null;
  outbound?: { proxy: ProxyOptions | null; extraCa: string | null };
}

/** The client that the deployment's settings ask for. */
export function outboundClientOf({ outboundAllow, outbound }: OutboundSettings): OutboundClient {
  return new OutboundClient({ allow: outboundAllow ?? [], ...outbound });
}

export function createOutboundClient(options: OutboundClientOptions): OutboundClient {
  return new OutboundClient(options);
}

/** Calls to addresses that customers name: guarded, bounded, never following a redirect. One per process. */
export class OutboundClient {
  readonly #policy: AddressPolicy;
  readonly #agent: BoundedAgent;
  readonly #dispatcher: Dispatcher;
  readonly #targets = new Map<string, Target | string>();
  readonly #addresses = new Map<string, string>();
  readonly #maxOrigins: number;

  constructor(options: OutboundClientOptions) {
    this.#policy = new AddressPolicy(options.allow);
    this.#maxOrigins = options.maxOrigins ?? 512;
    const tls = { ...options.tls, ...(options.extraCa ? trusting(options.extraCa) : {}) };
    this.#agent = new BoundedAgent({
      maxOrigins: this.#maxOrigins,
      pool: {
        connections: options.connectionsPerOrigin ?? 64,
        pipelining: 1,
        allowH2: false,
        // The deadline is ours; undici's limits per phase are off.
        headersTimeout: 0,
        bodyTimeout: 0,
        maxHeaderSize: MAX_HEADER_BYTES,
        // Below the idle limits that receivers commonly have (5 s and more), or a request meets a closing socket.
        keepAliveTimeout: 4000,
        keepAliveMaxTimeout: 60_000,
        connect: guardedConnector({
          policy: this.#policy,
          resolve: options.resolve ?? new HostResolver().resolve,
          connectTimeoutMs: options.connectTimeoutMs ?? 15_000,
          tls,
          ...(options.proxy ? { proxy: options.proxy } : {}),
          onConnected: (origin, address) => this.#remember(origin, address),
        }),
      },
    });
    // The last one is the outermost: what safeHeaders refuses starts no clock.
    this.#dispatcher = this.#agent.compose(bodyLimit(), deadline(), safeHeaders());
  }

  /** Why a URL as written can never be called, or null when only its name's addresses can tell. */
  checkUrl(url: string): string | null {
    const target = targetOf(url, this.#policy);
    return typeof target === 'string' ? target : null;
  }

  /** Sends one request and reads the answer within its limits. Never throws: a failure says at which stage. */
  send(request: OutboundRequest): Promise<OutboundResult> {
    const startedMs = performance.now();
    const target = this.#targetOf(request.url);
    if (typeof target === 'string') {
      const error: AttemptError = { stage: 'address', code: 'url_not_allowed', message: target };
      return Promise.resolve({ ok: false, error, durationMs: 0 });
    }
    return new Promise((resolve) => {
      const collector = new AnswerCollector(
        target,
        startedMs,
        () => this.#addresses.get(target.origin) ?? null,
        resolve,
      );
      try {
        this.#dispatcher.dispatch(dispatchOptionsOf(request, target), collector);
      } catch (error) {
        collector.fail(error);
      }
    });
  }

  /**
   * Ends idle connections and waits for running requests, at most this long; then ends those as well, and those that
   * wait for a connection: undici's `close()` does not settle any more once such a queue was destroyed under it.
   */
  async close(withinMs = 5000): Promise<void> {
    const patience = new AbortController();
    const forced = sleep(withinMs, undefined, { signal: patience.signal }).then(
      () => this.#agent.destroyAll(),
      () => undefined,
    );
    await Promise.race([this.#agent.close(), forced]);
    patience.abort();
  }

  #targetOf(url: string): Target | string {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const target = targetOf(url, this.#policy);
    if (this.#targets.size >= KNOWN_TARGETS) this.#targets.clear();
    this.#targets.set(url, target);
    return target;
  }

  #remember(origin: string, address: string): void {
    if (this.#addresses.size >= this.#maxOrigins * 2) this.#addresses.clear();
    this.#addresses.set(origin, address);
  }
}

/** One context for all connections: reading some 150 authorities again for each would cost milliseconds every time. */
function trusting(extraCa: string): ConnectionOptions {
  return { secureContext: createSecureContext({ ca: [...getCACertificates('default'), extraCa] }) };
}

function dispatchOptionsOf(request: OutboundRequest, target: Target): OutboundDispatchOptions {
  return {
    origin: target.origin,
    path: target.path,
    method: request.method as Dispatcher.HttpMethod,
    headers: flatOf(request.headers),
    body: request.body as Dispatcher.DispatchOptions['body'],
    timeoutMs: request.timeoutMs,
    maxBodyBytes: request.maxBodyBytes ?? MAX_BODY_BYTES,
    ...(request.signal ? { signal: request.signal } : {}),
  };
}

/** Names and values in turn. `Array.flat` took 13 µs for the fifteen headers of a delivery. */
function flatOf(headers: OutboundRequest['headers']): string[] {
  const flat: string[] = [];
  for (const [name, value] of headers) flat.push(name, value);
  return flat;
}

class AnswerCollector implements Dispatcher.DispatchHandler {
  readonly #target: Target;
  readonly #startedMs: number;
  readonly #remoteAddress: () => string | null;
  readonly #resolve: (result: OutboundResult) => void;
  #phase: Phase = 'connecting';
  #status = 0;
  #headers: Record<string, string> = {};
  readonly #body = new AnswerBody();

  constructor(
    target: Target,
    startedMs: number,
    remoteAddress: () => string | null,
    resolve: (result: OutboundResult) => void,
  ) {
    this.#target = target;
    this.#startedMs = startedMs;
    this.#remoteAddress = remoteAddress;
    this.#resolve = resolve;
  }

  onRequestStart(): void {
    this.#phase = 'sent';
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#phase = 'answering';
    this.#status = status;
    this.#headers = {};
    for (const name of Object.keys(headers)) {
      const value = headers[name];
      const text = Array.isArray(value) ? value.join(', ') : (value ?? '');
      // A plain assignment to this one name would set the object's prototype instead.
      if (name !== '__proto__') this.#headers[name] = text;
      else Object.defineProperty(this.#headers, name, { value: text, enumerable: true });
    }
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body.add(chunk);
  }

  onResponseEnd(): void {
    this.#answer(false);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (error instanceof BodyLimitError) this.#answer(true);
    else this.fail(error);
  }

  fail(error: unknown): void {
    this.#resolve({
      ok: false,
      error: attemptErrorOf(error, this.#phase, this.#target.secure),
      durationMs: this.#durationMs(),
    });
  }

  #answer(truncated: boolean): void {
    this.#resolve({
      ok: true,
      status: this.#status,
      headers: this.#headers,
      body: this.#body.bytes(),
      truncated,
      durationMs: this.#durationMs(),
      remoteAddress: this.#remoteAddress(),
    });
  }

  #durationMs(): number {
    return Math.round((performance.now() - this.#startedMs) * 100) / 100;
  }
}

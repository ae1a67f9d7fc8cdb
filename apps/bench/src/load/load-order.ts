/** What the load process is told to do; it answers with a LoadResult. */
export interface LoadOrder {
  host: string;
  port: number;
  /** Fired in turn. */
  targets: { path: string; token: string | null; signingSecret?: string }[];
  bodyBytes: number;
  /** One body per target, made (and signed) before the clock starts: the client shares the cores with what it measures. */
  fixedBodies?: boolean;
  connections: number;
  /** Of knocks: each on a connection of its own, of which `connections` are open at most. */
  freshConnections?: boolean;
  durationMs: number;
  warmUpMs: number;
  /** Requests per second; absent: closed loop, each connection as fast as it can. */
  ratePerSecond?: number;
  /** Start a receiver in this process and measure from the 2xx to the delivery. The parent asks for its port first. */
  measureDeliveries?: boolean;
  /** The `n` of the first body; 0 unless given. */
  firstN?: number;
  /** How long to wait for deliveries after the last request. */
  drainMs?: number;
}

export interface LoadResult {
  requests: number;
  errors: number;
  non2xx: Record<string, number>;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  deliveries?: {
    count: number;
    perSecond: number;
    p50Ms: number;
    p99Ms: number;
    missing: number;
    duplicates: number;
    drainedAfterMs: number;
  };
}

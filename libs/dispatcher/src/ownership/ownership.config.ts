import { Injectable } from '@nestjs/common';

/** Times of ownership. One instance per process; tests change theirs. */
@Injectable()
export class OwnershipConfig {
  /** How long a dead process keeps its endpoints. Its deliveries are leased for as long (DeliveringConfig). */
  leaseMs: number = 10_000;
  /** How often the lease is renewed and slots are taken, given up or waited for. */
  beatMs: number = 1000;
  /** How often a process looks for what others scheduled for its endpoints; only while there are others. */
  handoverMs: number = 25;
}

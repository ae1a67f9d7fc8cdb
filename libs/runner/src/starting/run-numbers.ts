import type { Pool } from 'pg';

/** Numbers that one value of the sequence stands for; equals its `increment by`. */
export const RUN_NUMBER_BLOCK = 100;

/**
 * Numbers of runs, unique per deployment and growing roughly with time: each process takes blocks from the sequence
 * (hi-lo), so a run costs no statement. A block that a process did not use up is a gap.
 */
export class RunNumbers {
  private readonly pool: Pool;
  private readonly blocks: { next: number; end: number }[] = [];
  private available = 0;
  private filling: Promise<void> | null = null;

  constructor(pool: Pool) {
    this.pool = pool;
  }

  /** @throws what the database throws when blocks are needed and it is away. */
  async take(count: number): Promise<number[]> {
    while (this.available < count) await this.fill(count - this.available);
    const numbers: number[] = [];
    for (const block of this.blocks) {
      while (block.next < block.end && numbers.length < count) numbers.push(block.next++);
      if (numbers.length === count) break;
    }
    this.available -= count;
    while (this.blocks[0] && this.blocks[0].next >= this.blocks[0].end) this.blocks.shift();
    return numbers;
  }

  private fill(missing: number): Promise<void> {
    this.filling ??= this.fetch(missing).finally(() => {
      this.filling = null;
    });
    return this.filling;
  }

  /** Twice what is missing, so that under load one statement serves several batches. */
  private async fetch(missing: number): Promise<void> {
    const { rows } = await this.pool.query<{ first: string }>({
      name: 'runner_numbers',
      text: `select nextval('runner.run_numbers')::text as first from generate_series(1, $1::int)`,
      values: [Math.ceil((2 * missing) / RUN_NUMBER_BLOCK)],
    });
    for (const row of rows) {
      const first = Number(row.first);
      this.blocks.push({ next: first, end: first + RUN_NUMBER_BLOCK });
      this.available += RUN_NUMBER_BLOCK;
    }
  }
}

import { AsyncLocalStorage } from 'node:async_hooks';
import type { FlowDefinition } from '@sluice/contracts';

/** A flow as an import will have made it. */
export interface BundledFlow {
  /** Null while it is not made. */
  id: string | null;
  name: string;
  definition: FlowDefinition;
}

const bundle = new AsyncLocalStorage<readonly BundledFlow[]>();

/**
 * Does something with the flows of an import as what all of them will be: each is saved singly, and alone it would be judged
 * beside what the others were before.
 */
export function withBundle<T>(flows: readonly BundledFlow[], work: () => T): T {
  return bundle.run(flows, work);
}

/** The flows of the import that is under way; none outside of imports. */
export function bundledFlows(): readonly BundledFlow[] {
  return bundle.getStore() ?? [];
}

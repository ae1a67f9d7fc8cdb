import type { RegistryEvents } from '@sluice/contracts';

/** An event of the registry, its data fitting its type. */
export type RegistryEvent = { [T in keyof RegistryEvents]: { type: T; data: RegistryEvents[T] } }[keyof RegistryEvents];

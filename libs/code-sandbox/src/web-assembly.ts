/** The two parts of the standard that are used here; the compiler's types for it come only with those of browsers. */
interface WebAssemblyPart {
  Module: new (bytes: Uint8Array) => object;
  /** In pages of 64 KiB. */
  Memory: new (size: {
    initial: number;
    maximum: number;
  }) => object;
}

export const { Module, Memory } = (globalThis as unknown as { WebAssembly: WebAssemblyPart }).WebAssembly;

/** A stored flow cannot be run. The registry refuses such flows at save, so this is a version that got by it. */
export class FlowCompileError extends Error {
  readonly ref: string | null;
  constructor(ref: string | null, message: string) {
    super(message);
    this.name = 'FlowCompileError';
    this.ref = ref;
  }
}

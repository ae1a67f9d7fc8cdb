/** A stream was not at the version its appender expected: another append came first, or a version is missing. */
export class VersionConflictError extends Error {
  readonly streamId: string;
  readonly expectedVersion: number;
  constructor(streamId: string, expectedVersion: number, cause?: unknown) {
    super(`stream ${streamId} is not at version ${expectedVersion}`, { cause });
    this.name = 'VersionConflictError';
    this.streamId = streamId;
    this.expectedVersion = expectedVersion;
  }
}

/** A statement that commits alongside an append broke a constraint; nothing of its unit was committed. */
export class AlongsideConflictError extends Error {
  readonly constraint: string | null;
  constructor(constraint: string | null, cause: unknown) {
    super(`a write alongside the append was refused${constraint ? ` by ${constraint}` : ''}`, { cause });
    this.name = 'AlongsideConflictError';
    this.constraint = constraint;
  }
}

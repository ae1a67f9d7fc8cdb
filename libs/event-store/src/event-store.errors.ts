/** A stream was not at the version its appender expected: another append came first, or a version is missing. */
export class VersionConflictError extends Error {
  readonly streamId: string;
  readonly expectedVersion: number;
  /** Where the stream stood when the append was refused; null when that was not determined. */
  readonly actualVersion: number | null;
  constructor(streamId: string, expectedVersion: number, cause?: unknown, actualVersion: number | null = null) {
    const found = actualVersion === null ? '' : ` but at ${actualVersion}`;
    super(`stream ${streamId} is not at version ${expectedVersion}${found}`, { cause });
    this.name = 'VersionConflictError';
    this.streamId = streamId;
    this.expectedVersion = expectedVersion;
    this.actualVersion = actualVersion;
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

/**
 * The time in a stream's id lies outside every partition: the clock that made the id is far off, or the id belongs to
 * a cause whose partition retention has dropped already. Trying again does not help.
 */
export class StreamOutsidePartitionsError extends Error {
  readonly streamId: string;
  constructor(streamId: string, idTime: string, cause?: unknown) {
    super(`stream ${streamId} belongs to ${idTime}, outside the partitions that exist or may be created`, { cause });
    this.name = 'StreamOutsidePartitionsError';
    this.streamId = streamId;
  }
}

/** A unit that can never be committed as it was given; nothing was sent to the database. */
export class InvalidAppendError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'InvalidAppendError';
  }
}

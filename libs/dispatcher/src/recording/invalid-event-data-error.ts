import type { FieldProblem } from '@sluice/contracts';

const MAX_PROBLEMS = 5;

/** RG-05: the event's type is validated, and its data does not fit; the message is the dead letter's reason. */
export class InvalidEventDataError extends Error {
  constructor(type: string, problems: readonly FieldProblem[]) {
    const told = problems.slice(0, MAX_PROBLEMS).map(({ pointer, message }) => `/data${pointer} ${message}`);
    const more = problems.length > MAX_PROBLEMS ? `; and ${problems.length - MAX_PROBLEMS} more` : '';
    super(`the data does not fit the schema of ${JSON.stringify(type)}: ${told.join('; ')}${more}`);
    this.name = 'InvalidEventDataError';
  }
}

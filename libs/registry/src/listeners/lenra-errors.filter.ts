import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { AppError } from '@sluice/contracts';
import { appErrorOf, type WithErrorBody } from '@sluice/platform';
import { registryError } from '../registry.errors.ts';

const log = new Logger('registry.listeners');

/** For `@RouteConfig`: a body that cannot be read is refused before the filter has a say. */
export const LENRA_ERRORS: WithErrorBody = { errorBody: lenraError };

interface HttpReply {
  code(status: number): HttpReply;
  headers(values: Record<string, string>): HttpReply;
  send(body: unknown): unknown;
}

/** Errors of the routes that Lenra documents, in its shape: `{message, reason}`; the reason is our code. */
@Catch()
export class LenraErrors implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const shown = inLenrasWords(appErrorOf(error));
    if (shown.status === 500) log.error('a request failed', error instanceof Error ? error.stack : String(error));
    const challenge: Record<string, string> = shown.status === 401 ? { 'www-authenticate': 'Bearer' } : {};
    host
      .switchToHttp()
      .getResponse<HttpReply>()
      .code(shown.status)
      .headers({ ...challenge, ...shown.headers, 'content-type': 'application/json; charset=utf-8' })
      .send(JSON.stringify(lenraError(shown)));
  }
}

const LISTENERS: ReadonlySet<string> = new Set(['/action', '/listener', '/listener_name']);

/** A name that cannot be one is always 400 `invalid_listener` (LN-02), whoever noticed first. */
function inLenrasWords(error: AppError): AppError {
  const problem = error.errors.find(({ pointer }) => LISTENERS.has(pointer));
  return problem ? registryError('invalid_listener', `The name of a listener ${problem.message}.`) : error;
}

function lenraError({ status, code, message, errors }: AppError): { message: string; reason: string } {
  if (status === 404) return { message: 'Not Found.', reason: 'error_404' };
  const problems = errors.map((problem) => `${problem.pointer} ${problem.message}`.trim()).join('; ');
  return { message: problems === '' ? message : problems, reason: code };
}

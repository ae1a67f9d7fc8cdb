import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { AppError } from '@sluice/contracts';
import { appErrorOf } from '@sluice/platform';

const log = new Logger('registry.listeners');

interface HttpReply {
  code(status: number): HttpReply;
  headers(values: Record<string, string>): HttpReply;
  send(body: unknown): unknown;
}

/** Errors of the routes that Lenra documents, in its shape: `{message, reason}`; the reason is our code. */
@Catch()
export class LenraErrors implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const shown = appErrorOf(error);
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

function lenraError({ status, code, message, errors }: AppError): { message: string; reason: string } {
  if (status === 404) return { message: 'Not Found.', reason: 'error_404' };
  const problems = errors.map((problem) => `${problem.pointer} ${problem.message}`.trim()).join('; ');
  return { message: problems === '' ? message : problems, reason: code };
}

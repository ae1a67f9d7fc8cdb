import type { CodeError, CodeResult, CodeSandbox } from '@sluice/code-sandbox';
import type { CodeSettings } from '@sluice/platform';
import { MAX_ANSWER_BYTES } from '../../runs/run-limits.ts';
import type { EffectCall, EffectResult, StepEffect } from '../step-type.ts';
import type { CodeRequest } from './code.step.ts';

/** What the same code may do otherwise at another time, by the machine's load rather than by itself. */
const PASSING: ReadonlySet<CodeError['code']> = new Set(['code_timeout', 'code_unavailable']);

/** Runs the JavaScript of a `code` step in the sandbox. */
export class CodeEffect implements StepEffect {
  private readonly sandbox: CodeSandbox;
  private readonly settings: CodeSettings;

  constructor(sandbox: CodeSandbox, settings: CodeSettings) {
    this.sandbox = sandbox;
    this.settings = settings;
  }

  async perform(call: EffectCall): Promise<EffectResult> {
    const { source, input, nowMs, timeMs } = call.request as CodeRequest;
    const result = await this.sandbox.run(
      {
        source,
        inputJson: JSON.stringify(input ?? null),
        tenant: call.appId ?? '',
        lane: call.started.flowId,
        seed: call.idempotencyKey,
        nowMs,
        timeMs: Math.min(timeMs, this.settings.timeoutMs),
        memoryBytes: this.settings.memoryBytes,
        maxResultChars: MAX_ANSWER_BYTES,
      },
      call.signal,
    );
    const written = result.console.length === 0 ? {} : { console: result.console };
    if (result.ok) return { output: JSON.parse(result.json) as unknown, error: null, retryable: false, ...written };
    return { error: this.errorOf(result, timeMs), retryable: PASSING.has(result.error.code), ...written };
  }

  private errorOf({ error }: CodeResult & { ok: false }, askedMs: number): { code: string; message: string } {
    const isCapped = error.code === 'code_timeout' && askedMs > this.settings.timeoutMs;
    if (!isCapped) return { code: error.code, message: error.message };
    return { code: error.code, message: `${error.message}, the most that this installation allows` };
  }
}

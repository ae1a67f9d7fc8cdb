import { applyDecorators, Catch, type ExceptionFilter, UseFilters } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import type { Topic } from '@sluice/contracts';
import { type Observable, throwError } from 'rxjs';
import type { BusEvent, ConsumeOptions, EventBatch, ForeignMessage } from '../bus.contract.ts';

/** Where the options of a handler travel in Nest's own metadata (`extras` of the pattern). */
export interface ConsumesExtras {
  sluiceTopic: string;
  sluiceOptions: ConsumeOptions;
}

/**
 * Nest logs an unknown exception of a handler and replaces it by "Internal server error"; the bus has to see the error
 * itself, because transient and permanent ones are treated differently.
 */
class PassErrorsOn implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
Catch()(PassErrorsOn);
const passErrorsOn = new PassErrorsOn();

type Handles<E> = (
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<(batch: EventBatch<E>) => Promise<void>>,
) => void;

export function patternOf(topic: string, options: ConsumeOptions): string {
  return `${topic}|${options.mode ?? 'group'}|${options.group}`;
}

/**
 * Marks a method of a `*.consumer.ts` controller as the handler of a topic. It receives batches:
 * `@Consumes('gateway.events', { group: 'runner' }) async on(batch: EventBatch): Promise<void>`.
 * A thrown transient error (`isTransientError`) pauses and retries for ever; any other parks the event that caused it.
 */
export function Consumes(topic: Topic, options: ConsumeOptions & { foreign?: false }): Handles<BusEvent>;
export function Consumes(topic: string, options: ConsumeOptions & { foreign: true }): Handles<ForeignMessage>;
export function Consumes(topic: string, options: ConsumeOptions): MethodDecorator {
  const extras: ConsumesExtras = { sluiceTopic: topic, sluiceOptions: options };
  return applyDecorators(EventPattern<string>(patternOf(topic, options), { ...extras }), UseFilters(passErrorsOn));
}

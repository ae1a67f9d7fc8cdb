import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { ValidationPipe } from '@nestjs/common';
import { didYouMean, type FieldProblem } from '@sluice/contracts';
import { getMetadataStorage, type ValidationError } from 'class-validator';
import { platformError } from './platform.errors.ts';
import { unstorableTexts } from './storable.rules.ts';

const escapePointer = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1');

/** class-validator's tree as a flat list with JSON pointers (RFC 6901). */
export function problemsOf(errors: readonly ValidationError[], base = ''): FieldProblem[] {
  return errors.flatMap((error) => {
    const known = fieldsOf(error.target);
    const pointer = `${base}/${escapePointer(error.property)}`;
    const { isInt, ...others } = error.constraints ?? {};
    // What is no number is neither too small nor too large.
    const messages = isInt === undefined ? new Set(Object.values(others)) : [isInt];
    const own = [...messages].map((message) => ({
      pointer,
      message: message.replace(
        /^property (\S+) should not exist$/,
        (_all, name: string) => `unknown field "${name}"${didYouMean(name, known)}`,
      ),
    }));
    return [...own, ...problemsOf(error.children ?? [], pointer)];
  });
}

/** The fields that what was validated may have, by its class. */
function fieldsOf(target: object | undefined): string[] {
  if (target === undefined) return [];
  const rules = getMetadataStorage().getTargetValidationMetadatas(target.constructor, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

const problemOf = (errors: readonly FieldProblem[]): Error =>
  platformError('invalid_request', `${errors.length} value${errors.length === 1 ? ' is' : 's are'} not valid`, {
    errors,
  });

const problem = (pointer: string, message: string): Error => problemOf([{ pointer, message }]);

/** PostgreSQL holds no NUL in a text, so nothing that we have can be named by one. */
function refuseNul(value: unknown, { type }: ArgumentMetadata): void {
  if (typeof value === 'string' && value.includes('\0')) {
    throw type === 'param' ? platformError('not_found', 'there is no such thing') : problem('', 'must not contain NUL');
  }
  if (value === null || typeof value !== 'object') return;
  for (const [name, each] of Object.entries(value))
    if ([each].flat().some((one) => typeof one === 'string' && one.includes('\0')))
      throw problem(`/${escapePointer(name)}`, 'must not contain NUL');
}

function refuseUnstorable(value: unknown): void {
  const problems = unstorableTexts(value);
  if (problems.length > 0) throw problemOf(problems);
}

/** class-transformer copies what is nested by its `constructor`, and falls over one that is data. */
function refuseConstructors(value: unknown, base = ''): void {
  if (value === null || typeof value !== 'object') return;
  for (const [name, each] of Object.entries(value)) {
    const pointer = `${base}/${escapePointer(name)}`;
    if (name === 'constructor') throw problem(pointer, 'unknown field "constructor"');
    refuseConstructors(each, pointer);
  }
}

/** Validates what class-validator describes: all problems at once, unknown fields refused, nothing coerced in bodies. */
@Injectable()
export class RequestValidationPipe implements PipeTransform {
  private readonly body = this.create(false);
  private readonly query = this.create(true);

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.type === 'custom') return value;
    if (metadata.type === 'body') {
      const wantsObject =
        metadata.metatype !== undefined &&
        ![Object, Array, String, Number, Boolean].includes(metadata.metatype as never);
      if (wantsObject && (value === null || typeof value !== 'object' || Array.isArray(value))) {
        throw platformError('invalid_request', 'the body must be a JSON object', {
          errors: [{ pointer: '', message: 'must be a JSON object' }],
        });
      }
      if (wantsObject) refuseConstructors(value);
      refuseUnstorable(value);
      return this.body.transform(value, metadata);
    }
    refuseNul(value, metadata);
    return this.query.transform(value, metadata);
  }

  private create(coerce: boolean): ValidationPipe {
    return new ValidationPipe({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: false,
      transform: true,
      transformOptions: { enableImplicitConversion: coerce },
      stopAtFirstError: false,
      validationError: { target: true, value: false },
      exceptionFactory: (errors) => problemOf(problemsOf(errors)),
    });
  }
}

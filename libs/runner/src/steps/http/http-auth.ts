import { StepError } from '../step-type.ts';

/** The header that an `auth` of a step means, and what else of it must not be shown besides the secrets themselves. */
export function authHeader(auth: unknown): { header: [string, string]; hidden: string } | null {
  if (auth === null || auth === undefined) return null;
  const fields = auth as Record<string, unknown>;
  switch (fields.type) {
    case 'bearer': {
      const token = textIn(fields, 'token');
      return { header: ['authorization', `Bearer ${token}`], hidden: token };
    }
    case 'basic': {
      const user = textIn(fields, 'user');
      // RFC 7617 §2: the first colon ends the name.
      if (user.includes(':')) throw new StepError('invalid_request', 'the user of basic authentication has a colon');
      const pair = Buffer.from(`${user}:${textIn(fields, 'password')}`).toString('base64');
      return { header: ['authorization', `Basic ${pair}`], hidden: pair };
    }
    default: {
      const value = textIn(fields, 'value');
      return { header: [textIn(fields, 'name'), value], hidden: value };
    }
  }
}

function textIn(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number') return String(value);
  throw new StepError('invalid_request', `auth has no ${name}: it must be text that is not empty`);
}

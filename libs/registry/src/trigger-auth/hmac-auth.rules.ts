import {
  type CustomHmacAuth,
  type FieldProblem,
  HMAC_ALGORITHMS,
  HMAC_PRESETS,
  type HmacAuth,
  type HmacPreset,
  SECRET_ENCODINGS,
} from '@sluice/contracts';
import {
  choiceProblems,
  headerNameProblems,
  type Sent,
  textProblems,
  unknownFields,
  wholeNumberProblems,
} from './sent-fields.rules.ts';

const MAX_TOLERANCE_S = 86_400;
const PRESETS_WITH_TIMESTAMP: readonly string[] = ['stripe', 'slack', 'standard'] satisfies HmacPreset[];
const OF_PRESET = ['type', 'preset', 'secret', 'toleranceSeconds'];
const OF_CUSTOM = [
  'type',
  'secret',
  'header',
  'algorithm',
  'encoding',
  'prefix',
  'signedContent',
  'secretEncoding',
  'timestampHeader',
  'toleranceSeconds',
  'idHeader',
];

/** What is wrong with `auth` of type hmac; its secret is judged elsewhere. */
export function hmacProblems(sent: Sent): FieldProblem[] {
  return sent.preset === undefined ? customProblems(sent) : presetProblems(sent);
}

/** Svix signs as Standard Webhooks do. */
const PRESET_ALIASES: Readonly<Record<string, HmacPreset>> = { svix: 'standard', 'standard-webhooks': 'standard' };

function presetOf(sent: Sent): unknown {
  const { preset } = sent;
  return typeof preset === 'string' && Object.hasOwn(PRESET_ALIASES, preset) ? PRESET_ALIASES[preset] : preset;
}

function presetProblems(sent: Sent): FieldProblem[] {
  const preset = presetOf(sent);
  const unknown = choiceProblems(preset, HMAC_PRESETS, '/auth/preset');
  if (unknown.length > 0) return unknown;
  const problems = Object.keys(sent)
    .filter((name) => OF_CUSTOM.includes(name) && !OF_PRESET.includes(name))
    .map((name) => ({ pointer: `/auth/${name}`, message: 'is part of the preset: leave out one of the two' }));
  problems.push(...unknownFields(sent, [...OF_PRESET, ...OF_CUSTOM], '/auth'));
  if (sent.toleranceSeconds !== undefined && !PRESETS_WITH_TIMESTAMP.includes(preset as string)) {
    problems.push({ pointer: '/auth/toleranceSeconds', message: 'this preset signs no timestamp' });
  } else {
    problems.push(...toleranceProblems(sent));
  }
  return problems;
}

function customProblems(sent: Sent): FieldProblem[] {
  const problems = unknownFields(sent, [...OF_CUSTOM, 'preset'], '/auth');
  problems.push(...headerNameProblems(sent.header, '/auth/header'));
  const choices = { algorithm: HMAC_ALGORITHMS, encoding: ['hex', 'base64'], secretEncoding: SECRET_ENCODINGS };
  for (const [name, known] of Object.entries(choices)) {
    if (sent[name] !== undefined) problems.push(...choiceProblems(sent[name], known, `/auth/${name}`));
  }
  if (sent.prefix !== undefined) problems.push(...textProblems(sent.prefix, 0, 100, '/auth/prefix'));
  for (const name of ['timestampHeader', 'idHeader']) {
    if (sent[name] !== undefined) problems.push(...headerNameProblems(sent[name], `/auth/${name}`, ['authorization']));
  }
  if (sent.toleranceSeconds !== undefined && sent.timestampHeader === undefined) {
    problems.push({ pointer: '/auth/toleranceSeconds', message: 'needs a timestampHeader' });
  } else {
    problems.push(...toleranceProblems(sent));
  }
  return [...problems, ...signedContentProblems(sent)];
}

function toleranceProblems({ toleranceSeconds }: Sent): FieldProblem[] {
  if (toleranceSeconds === undefined) return [];
  return wholeNumberProblems(toleranceSeconds, 1, MAX_TOLERANCE_S, '/auth/toleranceSeconds');
}

/** What is not signed proves nothing: a timestamp outside the signature could be written anew on every replay. */
function signedContentProblems(sent: Sent): FieldProblem[] {
  const pointer = '/auth/signedContent';
  const { signedContent: content } = sent;
  if (content === undefined) return [];
  const problems = textProblems(content, 1, 200, pointer);
  if (typeof content !== 'string' || problems.length > 0) return problems;
  const count = (name: string): number => content.split(`{${name}}`).length - 1;
  if (count('body') !== 1) problems.push({ pointer, message: 'must contain {body} once' });
  for (const [name, header] of [
    ['timestamp', 'timestampHeader'],
    ['id', 'idHeader'],
  ] as const) {
    if (sent[header] !== undefined && count(name) === 0) {
      problems.push({ pointer, message: `must contain {${name}}, or the ${header} proves nothing` });
    }
    if (sent[header] === undefined && count(name) > 0) {
      problems.push({ pointer, message: `{${name}} needs a ${header}` });
    }
  }
  return problems;
}

/** `auth` of type hmac as it is stored: without its secret, with every default spelt out. */
export function hmacAuthOf(sent: Sent): HmacAuth {
  const tolerance = sent.toleranceSeconds === undefined ? {} : { toleranceSeconds: sent.toleranceSeconds as number };
  if (sent.preset !== undefined) return { type: 'hmac', preset: presetOf(sent) as HmacPreset, ...tolerance };
  const { header, algorithm, encoding, prefix, signedContent, secretEncoding, timestampHeader, idHeader } =
    sent as unknown as Partial<CustomHmacAuth> & { header: string };
  const defaultContent = [idHeader && '{id}', timestampHeader && '{timestamp}', '{body}'].filter(Boolean).join('.');
  return {
    type: 'hmac',
    header,
    algorithm: algorithm ?? 'sha256',
    encoding: encoding ?? 'hex',
    prefix: prefix ?? '',
    signedContent: signedContent ?? defaultContent,
    secretEncoding: secretEncoding ?? 'text',
    ...(timestampHeader === undefined ? {} : { timestampHeader }),
    ...tolerance,
    ...(idHeader === undefined ? {} : { idHeader }),
  };
}

import {
  type FieldProblem,
  JWT_KEY_ALGORITHMS,
  JWT_SECRET_ALGORITHMS,
  type JwtAlgorithm,
  type JwtAuth,
  SECRET_ENCODINGS,
} from '@sluice/contracts';
import { publicKeyProblems } from './public-key.rules.ts';
import {
  choiceProblems,
  headerNameProblems,
  type Sent,
  textProblems,
  unknownFields,
  wholeNumberProblems,
} from './sent-fields.rules.ts';

const KNOWN = [
  'type',
  'algorithms',
  'jwksUrl',
  'key',
  'secret',
  'secretEncoding',
  'issuer',
  'audience',
  'header',
  'leewaySeconds',
];
const ALGORITHMS: readonly string[] = [...JWT_SECRET_ALGORITHMS, ...JWT_KEY_ALGORITHMS];
const MAX_LEEWAY_S = 300;
const DEFAULT_LEEWAY_S = 30;
const MAX_NAMES = 20;

const isSecretAlgorithm = (algorithm: unknown): boolean =>
  (JWT_SECRET_ALGORITHMS as readonly unknown[]).includes(algorithm);

/** What is wrong with `auth` of type jwt; its secret is judged elsewhere. */
export function jwtProblems(sent: Sent, urlProblem: (url: string) => string | null): FieldProblem[] {
  const problems = unknownFields(sent, KNOWN, '/auth');
  problems.push(...algorithmProblems(sent.algorithms), ...keyProblems(sent, urlProblem));
  for (const name of ['issuer', 'audience']) problems.push(...namesProblems(sent[name], `/auth/${name}`));
  if (sent.header !== undefined && !isAuthorization(sent.header)) {
    problems.push(...headerNameProblems(sent.header, '/auth/header'));
  }
  if (sent.leewaySeconds !== undefined) {
    problems.push(...wholeNumberProblems(sent.leewaySeconds, 0, MAX_LEEWAY_S, '/auth/leewaySeconds'));
  }
  return problems;
}

/** Shared secrets and public keys are never mixed: a public key taken for a secret would let anybody sign. */
function algorithmProblems(algorithms: unknown): FieldProblem[] {
  const pointer = '/auth/algorithms';
  if (!Array.isArray(algorithms) || algorithms.length === 0 || algorithms.length > ALGORITHMS.length) {
    return [{ pointer, message: `must be a list of algorithms among ${ALGORITHMS.join(', ')}` }];
  }
  const problems = algorithms.flatMap((algorithm, at) => choiceProblems(algorithm, ALGORITHMS, `${pointer}/${at}`));
  if (new Set(algorithms).size < algorithms.length) problems.push({ pointer, message: 'names an algorithm twice' });
  if (new Set(algorithms.map(isSecretAlgorithm)).size > 1) {
    problems.push({ pointer, message: 'must not mix HS algorithms (a shared secret) with those of public keys' });
  }
  return problems;
}

function keyProblems(sent: Sent, urlProblem: (url: string) => string | null): FieldProblem[] {
  const algorithms = Array.isArray(sent.algorithms) ? sent.algorithms.filter((each) => typeof each === 'string') : [];
  const given = ['jwksUrl', 'key'].filter((name) => sent[name] !== undefined);
  if (algorithms.some(isSecretAlgorithm)) {
    const problems = given.map((name) => ({
      pointer: `/auth/${name}`,
      message: 'HS algorithms have a secret instead',
    }));
    const encoding = sent.secretEncoding;
    if (encoding === undefined) return problems;
    return [...problems, ...choiceProblems(encoding, SECRET_ENCODINGS, '/auth/secretEncoding')];
  }
  const problems = ['secret', 'secretEncoding']
    .filter((name) => sent[name] !== undefined)
    .map((name) => ({ pointer: `/auth/${name}`, message: 'is for HS algorithms only' }));
  if (given.length !== 1) {
    return [...problems, { pointer: '/auth', message: 'needs either a jwksUrl or a key' }];
  }
  if (sent.key !== undefined) return [...problems, ...publicKeyProblems(sent.key, algorithms)];
  const problem = typeof sent.jwksUrl === 'string' ? urlProblem(sent.jwksUrl) : 'must be the URL of a JWK Set';
  return problem === null ? problems : [...problems, { pointer: '/auth/jwksUrl', message: problem }];
}

function namesProblems(value: unknown, pointer: string): FieldProblem[] {
  if (value === undefined) return [];
  const names = Array.isArray(value) ? value : [value];
  if (names.length === 0 || names.length > MAX_NAMES) {
    return [{ pointer, message: `must be text, or a list of 1 to ${MAX_NAMES} texts` }];
  }
  return names.flatMap((name, at) => textProblems(name, 1, 500, Array.isArray(value) ? `${pointer}/${at}` : pointer));
}

function isAuthorization(header: unknown): boolean {
  return typeof header === 'string' && header.toLowerCase() === 'authorization';
}

/** `auth` of type jwt as it is stored: without its secret, lists where one text was sent. */
export function jwtAuthOf(sent: Sent): JwtAuth {
  const { jwksUrl, key, secretEncoding, header } = sent as unknown as Partial<JwtAuth>;
  const algorithms = sent.algorithms as JwtAlgorithm[];
  return {
    type: 'jwt',
    algorithms,
    ...(jwksUrl === undefined ? {} : { jwksUrl }),
    ...(key === undefined ? {} : { key }),
    ...(isSecretAlgorithm(algorithms[0]) ? { secretEncoding: secretEncoding ?? 'text' } : {}),
    ...(sent.issuer === undefined ? {} : { issuer: [sent.issuer].flat() as string[] }),
    ...(sent.audience === undefined ? {} : { audience: [sent.audience].flat() as string[] }),
    ...(header === undefined || isAuthorization(header) ? {} : { header }),
    leewaySeconds: (sent.leewaySeconds as number | undefined) ?? DEFAULT_LEEWAY_S,
  };
}

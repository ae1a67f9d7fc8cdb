import path from 'node:path';
import { expect, it } from 'vitest';

interface Failure {
  file: string;
  name: string | null;
  message: string;
}
interface TestReport {
  failuresOf(report: object): Failure[];
  isLate(failure: Failure): boolean;
  argumentsToRunAgain(failures: Failure[]): string[];
}
const module: string = path.join(import.meta.dirname, 'test-report.mjs');
const { argumentsToRunAgain, failuresOf, isLate } = (await import(module)) as TestReport;

const failing = (ancestorTitles: string[], title: string, message: string) => ({
  status: 'failed',
  ancestorTitles,
  title,
  failureMessages: [message],
});
const WAITED = 'Error: the delivery did not come within 30000 ms\n    at waitFor';

it('finds failed tests, and files that failed as a whole', () => {
  const report = {
    testResults: [
      {
        name: 'a.spec.ts',
        status: 'failed',
        assertionResults: [{ status: 'passed' }, failing(['', 'the bus'], 'waits', WAITED)],
      },
      { name: 'b.spec.ts', status: 'failed', message: 'SyntaxError', assertionResults: [] },
      { name: 'c.spec.ts', status: 'passed', assertionResults: [{ status: 'passed' }] },
    ],
  };
  expect(failuresOf(report)).toEqual([
    { file: 'a.spec.ts', name: 'the bus > waits', message: WAITED },
    { file: 'b.spec.ts', name: null, message: 'SyntaxError' },
  ]);
});

it.each([
  [WAITED, true],
  ['Error: Test timed out in 30000ms.', true],
  ['Error: Hook timed out in 60000ms.', true],
  ['AssertionError: expected [ 1, 3, 2 ] to deeply equal [ 1, 2, 3 ]', false],
  ['AssertionError: expected 1999 to be 2000 // missing', false],
  ['error: canceling statement due to statement timeout', false],
])('calls late only what waited in vain: %s', (message, late) => {
  expect(isLate({ file: 'a.spec.ts', name: 'x', message })).toBe(late);
});

it('runs again exactly the late tests, whatever their names contain', () => {
  const late = [
    { file: 'a.spec.ts', name: 'GW-01: a (b) [c]?', message: WAITED },
    { file: 'a.spec.ts', name: 'x | y', message: WAITED },
  ];
  const [file, option, pattern, ...rest] = argumentsToRunAgain(late);
  expect([file, option, rest]).toEqual(['a.spec.ts', '-t', []]);
  for (const { name } of late) expect(name).toMatch(new RegExp(String(pattern)));
  expect('GW-01: a (b) [c]').not.toMatch(new RegExp(String(pattern)));
});

it('runs a file again as a whole when its set-up was late', () => {
  const late = [
    { file: 'a.spec.ts', name: 'x', message: WAITED },
    { file: 'b.spec.ts', name: null, message: 'Error: Hook timed out in 180000ms.' },
  ];
  expect(argumentsToRunAgain(late)).toEqual(['a.spec.ts', 'b.spec.ts']);
});

// What vitest's JSON report says, for `npm test`: what failed, and which of that only came too late.

/** What a test says when it waited for something in vain: the timeouts of vitest, of waitFor and of a browser. */
const LATE = /did not come within \d+ ms|(?:Test|Hook) timed out in \d+ms|Timeout \d+ms exceeded/;

/** As vitest's own `-t` sees it; the report's `fullName` is joined otherwise. */
function nameOf({ ancestorTitles, title }) {
  return [...ancestorTitles.filter((ancestor) => ancestor !== ''), title].join(' > ');
}

/**
 * Every failure of a report: a test by its full name, or `name: null` for a file that could not be loaded or set up.
 * @returns {{ file: string, name: string | null, message: string }[]}
 */
export function failuresOf(report) {
  return report.testResults.flatMap((result) => {
    const tests = result.assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => ({ file: result.name, name: nameOf(test), message: test.failureMessages.join('\n') }));
    const broken = result.status === 'failed' && tests.length === 0;
    return broken ? [{ file: result.name, name: null, message: result.message ?? '' }] : tests;
  });
}

/** A machine that does too much at once makes things late, never wrong: only this kind of failure gets a second run. */
export function isLate(failure) {
  return LATE.test(failure.message);
}

/** Arguments that make vitest run these failures again and nothing else. */
export function argumentsToRunAgain(failures) {
  const files = [...new Set(failures.map((failure) => failure.file))];
  if (failures.some((failure) => failure.name === null)) return files;
  const names = failures.map((failure) => failure.name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return [...files, '-t', `^\\s?(?:${names.join('|')})$`];
}

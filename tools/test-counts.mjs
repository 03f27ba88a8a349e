/**
 * Prints the failed tests and `N passed, N failed` over the reports of vitest's JSON reporter that it is given; fails when a test
 * failed, or when in one of them none ran. The tests are named once more here since a log may be kept from its end alone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Lines of a failure that are printed. */
const LINES_MAX = 12;

const counts = process.argv.slice(2).map((path) => {
  const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const failures = (report.testResults ?? []).filter(({ status }) => status === 'failed').flatMap(failuresOf);
  // A file that does not load, or whose hooks fail, counts as one failed test: its own were not seen.
  const broken = failures.filter(({ isTest }) => !isTest).length;
  return { passed: report.numPassedTests ?? 0, failed: (report.numFailedTests ?? 0) + broken, failures };
});
const sum = (of) => counts.reduce((total, count) => total + of(count), 0);
const failed = sum((count) => count.failed);
for (const { title, message } of counts.flatMap(({ failures }) => failures)) {
  console.log([`FAILED ${title}`, ...message.split('\n').slice(0, LINES_MAX)].join('\n    '));
}
console.log(`${sum(({ passed }) => passed)} passed, ${failed} failed`);
process.exit(counts.length > 0 && counts.every(({ passed }) => passed > 0) && failed === 0 ? 0 : 1);

/** The failed tests of a file that failed, or the file itself when none of them did. */
function failuresOf({ name, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  const tests = assertionResults.filter(({ status }) => status === 'failed');
  if (tests.length === 0) return [{ isTest: false, title: file, message }];
  return tests.map(({ fullName, failureMessages }) => ({
    isTest: true,
    title: `${file} > ${fullName}`,
    message: failureMessages.join('\n'),
  }));
}

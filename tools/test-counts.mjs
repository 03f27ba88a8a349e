/**
 * Prints `N passed, N failed` over the reports of vitest's JSON reporter that it is given; fails when a test failed, or when in
 * one of them none ran.
 */
import { existsSync, readFileSync } from 'node:fs';

const counts = process.argv.slice(2).map((path) => {
  const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  // A file that does not load, or whose hooks fail, counts as one failed test: its own were not seen.
  const broken = (report.testResults ?? []).filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return { passed: report.numPassedTests ?? 0, failed: (report.numFailedTests ?? 0) + broken.length };
});
const sum = (of) => counts.reduce((total, count) => total + of(count), 0);
const failed = sum((count) => count.failed);
console.log(`${sum(({ passed }) => passed)} passed, ${failed} failed`);
process.exit(counts.length > 0 && counts.every(({ passed }) => passed > 0) && failed === 0 ? 0 : 1);

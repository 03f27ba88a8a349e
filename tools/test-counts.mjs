/** Prints `N passed, N failed` from the report of vitest's JSON reporter; fails when a test failed, or none ran. */
import { existsSync, readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);

const report = path !== undefined && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
const passed = report.numPassedTests ?? 0;
// A file that does not load, or whose hooks fail, counts as one failed test: its own were not seen.
const broken = (report.testResults ?? []).filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
);
const failed = (report.numFailedTests ?? 0) + broken.length;
console.log(`${passed} passed, ${failed} failed`);
process.exit(passed > 0 && failed === 0 ? 0 : 1);

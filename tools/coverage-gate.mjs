/**
 * Merges coverage reports (Istanbul's JSON) line by line and fails when a floor is covered by less than the gate.
 * Usage: coverage-gate.mjs <report.json> <report.json>… ; the first names the lines that count, the others add hits.
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { judgeCoverage, mergeReports } from './coverage-rules.ts';

const root = process.cwd();
const paths = process.argv.slice(2);

const problems = paths.filter((path) => !existsSync(path)).map((path) => `${path}: there is no such report`);
const reports = paths.filter((path) => existsSync(path)).map(readReport);
if (paths.length === 0) problems.push('no report was given');
const sources = globSync('src/**/*.ts', { cwd: root }).map((path) => path.replaceAll('\\', '/'));
const verdict = judgeCoverage(
  mergeReports(reports),
  // The page of the report runs in a browser alone: npm run test:report opens every view of it.
  sources.filter((path) => !/\.(test|d)\.ts$/.test(path) && !path.startsWith('src/report/app/')),
);
for (const [index, report] of reports.entries()) {
  if (report.size === 0) problems.push(`${paths[index]}: the report is empty`);
}
problems.push(...verdict.problems);

mkdirSync(join(root, 'coverage'), { recursive: true });
writeFileSync(join(root, 'coverage', 'uncovered.txt'), verdict.uncovered.map((line) => `${line}\n`).join(''));
for (const line of verdict.summary) console.log(line);
for (const problem of problems) console.error(`coverage: ${problem}`);
console.log(`uncovered lines: coverage/uncovered.txt (${verdict.uncovered.length} files)`);
process.exit(problems.length === 0 ? 0 : 1);

/** Path from the root → the file's coverage. */
function readReport(path) {
  const entries = Object.entries(JSON.parse(readFileSync(path, 'utf8')));
  return new Map(entries.map(([file, coverage]) => [relative(root, file).replaceAll('\\', '/'), coverage]));
}

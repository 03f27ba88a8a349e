/** The page of a report without data: built with the package; in a clone of the repository on first use, and when it has changed. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The page could not be built, or is missing in the package. */
export class ReportTemplateError extends Error {
  readonly code = 'REPORT_TEMPLATE';
  override readonly name = 'ReportTemplateError';
}

/** What is written where the data goes. */
const PLACE = '<script type="text/plain" id="data"></script>';

/** Everything that the page is made of. */
const SOURCES = ['src/report/**/*.{ts,tsx,css,html}', 'tools/build-report.mjs', 'package-lock.json'];

/**
 * The HTML of the page, and where the data goes in it.
 * @param onBuild called before it is built, which takes seconds.
 * @throws {ReportTemplateError}
 */
export function reportTemplate(onBuild: () => void): { readonly before: string; readonly after: string } {
  const html = readFileSync(templatePath(onBuild), 'utf8');
  const at = html.indexOf(PLACE);
  if (at < 0) throw new ReportTemplateError('the page of the report has no place for data');
  const end = at + PLACE.length - '</script>'.length;
  return { before: html.slice(0, end), after: html.slice(end) };
}

function templatePath(onBuild: () => void): string {
  const packed = fileURLToPath(new URL('../report/page.html', import.meta.url));
  if (!import.meta.url.endsWith('.ts')) {
    if (existsSync(packed)) return packed;
    throw new ReportTemplateError(`${packed} is missing: install the package again`);
  }
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const path = join(root, '.cache', 'report', `page-${sourceHash(root)}.html`);
  if (existsSync(path)) return path;
  onBuild();
  const script = join(root, 'tools', 'build-report.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, path], { cwd: root, encoding: 'utf8' });
  if (status !== 0 || !existsSync(path))
    throw new ReportTemplateError(
      `the page of the report could not be built; npm ci in ${root} brings what it needs\n${stderr}`,
    );
  return path;
}

function sourceHash(root: string): string {
  const hash = createHash('sha256');
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: root })).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  for (const file of files.sort((a, b) => (a < b ? -1 : 1)))
    hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}

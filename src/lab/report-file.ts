/** Recorded runs as one HTML file that opens from disk: for every command that has a run to show. */
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { PageData, ReportedRun } from '../report/page-data.ts';
import { reportTemplate } from './report-template.ts';

/** What a page is made for. */
export interface ReportOptions {
  /** `Aureon 0.1.0`. */
  readonly madeBy: string;
  /** Called before the page is built, which takes seconds, in a clone and once. */
  readonly onBuild: () => void;
}

/** The whole text of a page with one run, or two beside each other. @throws {ReportTemplateError} */
function reportHtml(runs: readonly ReportedRun[], { madeBy, onBuild }: ReportOptions): string {
  const { before, after } = reportTemplate(onBuild);
  const data: PageData = { format: 1, madeBy, runs };
  return before + gzipSync(JSON.stringify(data)).toString('base64') + after;
}

/** Writes a page. @throws {ReportTemplateError} and what the file system throws. */
export function writeReport(path: string, runs: readonly ReportedRun[], options: ReportOptions): void {
  writeFileSync(path, reportHtml(runs, options));
}

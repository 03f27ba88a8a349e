/** Posts reports to the server of the test, one after another, so that they arrive in order. */
import type { Report } from '../report.ts';

let last: Promise<unknown> = Promise.resolve();

/** Resolves when this report and all before it have arrived. */
export function post(report: Report): Promise<unknown> {
  last = last.then(() => fetch('report', { method: 'POST', body: JSON.stringify(report) }));
  return last;
}

/** The text and the stack of what was thrown. */
export function textOf(thrown: unknown): string {
  return thrown instanceof Error ? `${String(thrown)}\n${thrown.stack ?? ''}` : String(thrown);
}

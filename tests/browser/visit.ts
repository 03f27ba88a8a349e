/** One visit of one browser: opens the page, gathers what it reports, and ends the browser however the visit went. */
import { assertNever } from '../../src/env/assert.ts';
import { type Browser, openBrowser } from './browsers.ts';
import type { EngineRun } from './judge.ts';
import type { Answer, CheckAnswer, Report, Task } from './report.ts';
import type { TestServer } from './server.ts';

export interface VisitLimits {
  /** From the start of the browser to the first word of the page. */
  readonly openMs: number;
  /** Between two reports; a run tells of itself twice a second. */
  readonly silenceMs: number;
}

/** Browsers open in a second or two; a machine that is busy with other work takes many times as long. */
const VISIT_LIMITS: VisitLimits = { openMs: 60_000, silenceMs: 60_000 };

/** What a page told. */
class Log {
  agent = '';
  doing = 'the checks of the engine';
  readonly answers: Answer[] = [];
  readonly checks: CheckAnswer[] = [];

  /** True when nothing more will come; a text when that is a failure. */
  hear(report: Report): boolean | string {
    switch (report.kind) {
      case 'opened':
        this.agent = report.agent;
        return false;
      case 'began':
        this.doing = report.task;
        return false;
      case 'working':
        return false;
      case 'answer':
        this.answers.push(report.answer);
        return false;
      case 'check':
        this.checks.push(report.check);
        return false;
      case 'failed':
        return `the page failed in ${this.doing}: ${report.text}`;
      case 'finished':
        return true;
      default:
        return assertNever(report);
    }
  }
}

/** Never rejects: what goes wrong is a problem of the run. */
export async function visit(
  browser: Browser,
  server: TestServer,
  tasks: readonly Task[],
  checks: readonly string[],
  limits: VisitLimits = VISIT_LIMITS,
): Promise<EngineRun> {
  const { name } = browser.kind;
  const log = new Log();
  const startedMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const told = new Promise<string>((resolve) => {
    const expectWithin = (limitMs: number, problem: () => string): void => {
      clearTimeout(timer);
      timer = setTimeout(() => resolve(problem()), limitMs);
    };
    expectWithin(limits.openMs, () => `the page was not opened within ${limits.openMs / 1_000} s`);
    server.listen(name, (report) => {
      const end = log.hear(report);
      if (end !== false) return resolve(end === true ? '' : end);
      expectWithin(
        limits.silenceMs,
        () => `nothing was heard for ${limits.silenceMs / 1_000} s; it was in ${log.doing}`,
      );
    });
  });
  const open = openBrowser(browser, server.urlFor(name));
  const gone = open.ended.then((how) => `the browser ended before the page was through: ${how}`);
  const problem = await Promise.race([told, gone]);
  clearTimeout(timer);
  server.listen(name, () => {});
  await open.close();
  return {
    engine: name,
    agent: log.agent,
    tasks,
    answers: log.answers,
    checks: { expected: checks, made: log.checks },
    problems: problem === '' ? [] : [problem],
    wallMs: performance.now() - startedMs,
  };
}

/** The last line of continuous integration: how many tests ran; none at all is a failure. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../tools/test-counts.mjs', import.meta.url));

describe('test-counts', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-counts-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function count(report?: object): { line: string; exitCode: number | null } {
    const path = join(folder, 'tests.json');
    if (report !== undefined) writeFileSync(path, JSON.stringify(report));
    const { status, stdout } = spawnSync(process.execPath, [script, path], { encoding: 'utf8' });
    return { line: stdout, exitCode: status };
  }

  it('prints both numbers alone on a line.', () => {
    const report = { numPassedTests: 12, numFailedTests: 0, testResults: [] };
    expect(count(report)).toEqual({ line: '12 passed, 0 failed\n', exitCode: 0 });
  });

  it('fails when a test failed.', () => {
    const report = { numPassedTests: 12, numFailedTests: 1, testResults: [] };
    expect(count(report)).toEqual({ line: '12 passed, 1 failed\n', exitCode: 1 });
  });

  it('counts a file that did not load, or whose hooks failed, as failed.', () => {
    const report = {
      numPassedTests: 12,
      numFailedTests: 0,
      testResults: [
        { status: 'failed', name: resolve('a.test.ts'), message: 'no such module', assertionResults: [] },
        {
          status: 'failed',
          name: resolve('b.test.ts'),
          message: 'a hook threw',
          assertionResults: [{ status: 'skipped' }],
        },
        { status: 'passed', name: resolve('c.test.ts'), message: '', assertionResults: [] },
      ],
    };
    const failures = 'FAILED a.test.ts\n    no such module\nFAILED b.test.ts\n    a hook threw\n';
    expect(count(report)).toEqual({ line: `${failures}12 passed, 2 failed\n`, exitCode: 1 });
  });

  it('says which tests failed, and how, in few lines.', () => {
    const test = (status: string, fullName: string, lines: number) => ({
      status,
      fullName,
      failureMessages: status === 'failed' ? [Array<string>(lines).fill('wrong').join('\n')] : [],
    });
    const report = {
      numPassedTests: 1,
      numFailedTests: 2,
      testResults: [
        {
          status: 'failed',
          name: resolve('a.test.ts'),
          message: '',
          assertionResults: [
            test('failed', 'the sum', 1),
            test('passed', 'one', 0),
            test('failed', 'two', 99),
          ],
        },
      ],
    };
    const { line, exitCode } = count(report);
    expect(
      line.startsWith('FAILED a.test.ts > the sum\n    wrong\nFAILED a.test.ts > two\n    wrong\n'),
    ).toBe(true);
    expect([line.split('wrong').length - 1, line.includes('one'), exitCode]).toEqual([13, false, 1]);
  });

  it('adds several reports up, and fails when in one of them no test ran.', () => {
    const paths = [12, 30, 0].map((numPassedTests, i) => {
      const path = join(folder, `${i}.json`);
      writeFileSync(path, JSON.stringify({ numPassedTests, numFailedTests: 0, testResults: [] }));
      return path;
    });
    const run = (list: readonly string[]) =>
      spawnSync(process.execPath, [script, ...list], { encoding: 'utf8' });
    expect(run(paths.slice(0, 2))).toMatchObject({ stdout: '42 passed, 0 failed\n', status: 0 });
    expect(run(paths)).toMatchObject({ stdout: '42 passed, 0 failed\n', status: 1 });
    expect(run([])).toMatchObject({ stdout: '0 passed, 0 failed\n', status: 1 });
  });

  it.each([
    ['no test ran', { numPassedTests: 0, numFailedTests: 0, testResults: [] }],
    ['there is no report', undefined],
  ])('fails when %s', (_, report) => {
    expect(count(report)).toEqual({ line: '0 passed, 0 failed\n', exitCode: 1 });
  });
});

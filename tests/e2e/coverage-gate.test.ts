/** The coverage gate, on planted reports: it merges line by line, and an empty or missing report never passes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const gate = fileURLToPath(new URL('../../tools/coverage-gate.mjs', import.meta.url));
const FLOORS = ['env', 'sim', 'chain', 'cluster'];

/** Path → hits of its lines from 1; undefined is a line that is no statement. */
type Lines = Readonly<Record<string, readonly (number | undefined)[]>>;

describe('the coverage gate', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-coverage-'));
    for (const floor of FLOORS) write(`src/${floor}/part.ts`, '/** P. */\n');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  function report(name: string, files: Lines): string {
    const entries = Object.entries(files).map(([path, hits]) => {
      const known = [...hits.entries()].filter(([, count]) => count !== undefined);
      const statementMap = Object.fromEntries(
        known.map(([index]) => [
          index,
          { start: { line: index + 1, column: 0 }, end: { line: index + 1, column: 9 } },
        ]),
      );
      return [join(folder, path), { path, statementMap, s: Object.fromEntries(known) }];
    });
    write(name, JSON.stringify(Object.fromEntries(entries)));
    return name;
  }

  /** Every floor covered, but for what `changed` states. */
  function floors(changed: Lines): Lines {
    return { ...Object.fromEntries(FLOORS.map((floor) => [`src/${floor}/part.ts`, [1]])), ...changed };
  }

  function run(...reports: readonly string[]): { exitCode: number | null; errors: string; output: string } {
    const { status, stderr, stdout } = spawnSync(process.execPath, [gate, ...reports], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { exitCode: status, errors: stderr, output: stdout };
  }

  it('passes when every floor is covered.', () => {
    expect(run(report('a.json', floors({})))).toMatchObject({ exitCode: 0, errors: '' });
  });

  it('counts a line that either report covers, and only lines that the first one knows.', () => {
    const tests = report('a.json', floors({ 'src/sim/part.ts': [1, 0, undefined, 0] }));
    const gallery = report('b.json', { 'src/sim/part.ts': [0, 3, 0, 2, 0, 0] });
    expect(run(tests)).toMatchObject({ exitCode: 1 });
    const merged = run(tests, gallery);
    expect(merged.exitCode).toBe(0);
    expect(merged.output).toContain('3 of 3 lines');
  });

  it('fails below 95 %, names the floor, and lists the lines.', () => {
    const hits = Array.from({ length: 100 }, (_, index) => (index >= 10 && index < 16 ? 0 : 1));
    const result = run(report('a.json', floors({ 'src/chain/part.ts': hits })));
    expect(result.exitCode).toBe(1);
    expect(result.errors).toContain('src/chain: 94.00 %');
    expect(readFileSync(join(folder, 'coverage/uncovered.txt'), 'utf8')).toBe('src/chain/part.ts: 11-16\n');
  });

  it('passes at 95 % exactly.', () => {
    const hits = Array.from({ length: 100 }, (_, index) => (index < 5 ? 0 : 1));
    expect(run(report('a.json', floors({ 'src/chain/part.ts': hits })))).toMatchObject({ exitCode: 0 });
  });

  it('fails on an empty report, beside a full one too.', () => {
    const full = report('a.json', floors({}));
    const empty = report('b.json', {});
    expect(run(empty).exitCode).toBe(1);
    expect(run(full, empty).exitCode).toBe(1);
  });

  it('fails without a report, and on one that is missing.', () => {
    expect(run().exitCode).toBe(1);
    expect(run(report('a.json', floors({})), 'missing.json').exitCode).toBe(1);
  });

  it('fails when a source file is in no report.', () => {
    write('src/sim/forgotten.ts', '/** F. */\nexport const x = 1;\n');
    const result = run(report('a.json', floors({})));
    expect(result.exitCode).toBe(1);
    expect(result.errors).toContain('src/sim/forgotten.ts is in no report');
  });

  it('fails when a floor has no line at all.', () => {
    expect(run(report('a.json', floors({ 'src/cluster/part.ts': [] })))).toMatchObject({ exitCode: 1 });
  });
});

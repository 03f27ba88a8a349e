import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The short form takes a minute on two free cores. */
const TIMEOUT_MS = 900_000;

interface Ended {
  readonly code: number;
  readonly lines: readonly string[];
  readonly errors: string;
}

function validate(...flags: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['validate/main.ts', ...flags], { cwd: ROOT }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, lines: stdout.split('\n'), errors: stderr });
    });
  });
}

function failing(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.endsWith(' FAIL'));
}

describe('npm run validate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'validate-'));
  const runs = join(folder, 'runs.jsonl');
  let whole: Ended;
  beforeAll(async () => {
    whole = await validate('--short', '--results', runs);
  }, TIMEOUT_MS);
  afterAll(() => rmSync(folder, { recursive: true }));

  it(
    'finds real nodes near what is published, in its short form',
    () => {
      const { code, lines, errors } = whole;
      expect(errors).toBe('');
      expect(failing(lines)).toEqual([]);
      const judged = lines.filter((line) => line.endsWith(' ok'));
      expect(judged.filter((line) => /median/.test(line)).length).toBe(2);
      expect(judged.filter((line) => /orphans of/.test(line)).length).toBe(4);
      expect(judged.filter((line) => /^q = .* Rosenfeld/.test(line)).length).toBe(10);
      expect(judged.filter((line) => /^alpha = .* revenue/.test(line)).length).toBe(4);
      expect(judged.filter((line) => line.startsWith('authorities')).length).toBe(6);
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    'fails when latencies are a third too long',
    async () => {
      const { code, lines } = await validate('--short', '--only', 'propagation', '--mis-set', 'latency');
      expect(failing(lines).filter((line) => /median/.test(line)).length).toBeGreaterThan(0);
      expect(code).toBe(1);
    },
    TIMEOUT_MS,
  );

  it(
    'goes on with the runs of a file, and makes none of them again',
    async () => {
      const [head, ...made] = readFileSync(runs, 'utf8').trimEnd().split('\n');
      const spent = made.filter((line) => line.includes('"kind":"double-spend"'));
      const some = join(folder, 'some.jsonl');
      writeFileSync(some, `${[head, ...spent.slice(1)].join('\n')}\n`);
      const flags = ['--short', '--only', 'double-spend', '--results', some];
      const first = await validate(...flags, '--threads', '1');
      expect(readFileSync(some, 'utf8').trimEnd().split('\n').length).toBe(1 + spent.length);
      const second = await validate(...flags);
      const all = spent.length;
      const knownIn = ({ lines }: Ended): string | undefined =>
        /^\d+ runs, .*?,/.exec(lines.at(-2) ?? '')?.[0];
      expect([first, second].map(knownIn)).toEqual([
        `${all} runs, ${all - 1} of them made before,`,
        `${all} runs, ${all} of them made before,`,
      ]);
      expect([first.code, second.code, second.errors]).toEqual([0, 0, '']);
      expect(second.lines.slice(0, -2)).toEqual(first.lines.slice(0, -2));
      // Columns are as wide as what they hold.
      const judged = (lines: readonly string[]): readonly string[] =>
        lines.filter((line) => /Rosenfeld/.test(line)).map((line) => line.replace(/ +/g, ' '));
      expect(judged(first.lines)).toEqual(judged(whole.lines));
      const other = await validate(...flags, '--mis-set', 'exceed');
      expect(other.code).toBe(2);
      expect(other.errors).toContain("holds runs of the form 'short', not 'short, mis-set exceed'");
    },
    TIMEOUT_MS,
  );

  it(
    'fails when the attacker must exceed the public chain by one block more',
    async () => {
      const { code, lines } = await validate('--short', '--only', 'double-spend', '--mis-set', 'exceed');
      expect(failing(lines).filter((line) => /Rosenfeld/.test(line)).length).toBe(10);
      expect(code).toBe(1);
    },
    TIMEOUT_MS,
  );

  it('refuses what it does not know', async () => {
    for (const flags of [
      ['--only', 'nothing'],
      ['--mis-set', 'nothing'],
      ['--threads', '0'],
      ['--nothing'],
    ]) {
      const { code, errors } = await validate(...flags);
      expect(code).toBe(2);
      expect(errors).toContain('usage: npm run validate');
    }
  });
});

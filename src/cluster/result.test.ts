import { describe, expect, it } from 'vitest';
import { EXIT, exitCodeOf, worstExitCode } from './result.ts';

describe('exit codes', () => {
  it('say what one run came to.', () => {
    const violation = { oracle: 'o', rule: 'r', hosts: [], atUs: 0, trigger: 'end', fact: '' };
    expect([
      exitCodeOf({ kind: 'passed' }),
      exitCodeOf({ kind: 'violated', violation: { ...violation, kind: 'safety' } }),
      exitCodeOf({ kind: 'unexpectedPass', expected: 'stall' }),
      exitCodeOf({ kind: 'tooLittle', missing: [] }),
      exitCodeOf({ kind: 'violated', violation: { ...violation, kind: 'liveness' } }),
      exitCodeOf({ kind: 'crashed', host: 'n0', atUs: 0, error: '', stack: '' }),
      exitCodeOf({ kind: 'nondeterminism', fact: '', detail: '' }),
    ]).toEqual([0, 1, 1, 1, 3, 4, 5]);
    expect(EXIT).toEqual({
      passed: 0,
      safety: 1,
      usage: 2,
      liveness: 3,
      crashed: 4,
      nondeterminism: 5,
      interrupted: 130,
    });
  });

  it('of several runs is the gravest: 5 before 4 before 1 before 3 before 0.', () => {
    expect(worstExitCode([0, 3, 1, 4, 5, 0])).toBe(5);
    expect(worstExitCode([0, 3, 1, 4])).toBe(4);
    expect(worstExitCode([3, 1, 0])).toBe(1);
    expect(worstExitCode([0, 3])).toBe(3);
    expect(worstExitCode([0, 0])).toBe(0);
    expect(worstExitCode([])).toBe(0);
  });
});

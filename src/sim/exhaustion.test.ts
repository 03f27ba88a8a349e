import { describe, expect, it } from 'vitest';
import { isExhaustion } from './exhaustion.ts';
import { program, runTo, simulate } from './test-world.ts';

/** As Firefox has it: no RangeError, and no part of ECMA-262. */
class InternalError extends Error {
  override readonly name = 'InternalError';
}

/** What another engine throws cannot be provoked here; tests/browser does it in Firefox. */
const THROWN: readonly (readonly [string, unknown])[] = [
  ['V8 and JavaScriptCore', new RangeError('Maximum call stack size exceeded')],
  ['SpiderMonkey, out of stack', new InternalError('too much recursion')],
  ['SpiderMonkey, out of memory', 'out of memory'],
];

describe('an exhausted stack or memory', () => {
  it.each(THROWN)('is told as what it is: %s', (_, thrown) => expect(isExhaustion(thrown)).toBe(true));

  it.each([new TypeError('x'), new Error('InternalError'), 'out of money', undefined])(
    'is no other error: %s',
    (thrown) => expect(isExhaustion(thrown)).toBe(false),
  );

  it.each(THROWN)('ends the run, also where a throw only ends the boot: %s', (_, thrown) => {
    const main = program(() => ({
      onStart() {
        throw thrown;
      },
    }));
    const simulator = simulate(1, main, { onProgramThrow: 'endBoot' });
    runTo(simulator, 10_000);
    expect(simulator.status()).toMatchObject({ kind: 'ended', reason: { kind: 'exhausted', host: 0 } });
  });

  it.each(THROWN)('ends the run from the simulator and its codecs too: %s', (_, thrown) => {
    const simulator = simulate(
      1,
      program((env) => ({ onStart: () => env.emit('x') })),
      {
        fingerprintEvent() {
          throw thrown;
        },
        onProgramThrow: 'endBoot',
      },
    );
    runTo(simulator, 10_000);
    expect(simulator.status()).toMatchObject({ kind: 'ended', reason: { kind: 'exhausted' } });
  });
});

import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ms } from '../env/units.ts';
import { program, runTo, simulate } from './test-world.ts';
import { installTraps, removeTraps, TrapError, touchedTrap, withTraps } from './traps.ts';

const FORBIDDEN: readonly (readonly [string, () => unknown])[] = [
  ['Date', () => Date.now()],
  ['Date', () => new Date()],
  ['Date', () => new Date(0)],
  ['Date', () => Date()],
  ['performance', () => performance.now()],
  ['crypto', () => crypto.randomUUID()],
  ['setTimeout', () => setTimeout(() => {}, 0)],
  ['setInterval', () => setInterval(() => {}, 0)],
  ['setImmediate', () => setImmediate(() => {})],
  ['clearTimeout', () => clearTimeout(undefined)],
  ['queueMicrotask', () => queueMicrotask(() => {})],
  ['process', () => process.hrtime()],
  ['console', () => console.log('x')],
  ['fetch', () => fetch('x')],
  ['Intl', () => new Intl.NumberFormat()],
  ['WeakRef', () => new WeakRef({})],
  ['FinalizationRegistry', () => new FinalizationRegistry(() => {})],
  ['navigator', () => navigator.hardwareConcurrency],
  ['Event', () => new Event('x').timeStamp],
  ['AbortSignal', () => AbortSignal.timeout(1)],
  ['MessageChannel', () => new MessageChannel()],
  ['Math.random', () => Math.random()],
  ['Math.log', () => Math.log(2)],
  ['Math.exp', () => Math.exp(2)],
  ['Math.pow', () => Math.pow(2, 3)],
  ['Math.sin', () => Math.sin(1)],
  ['Math.hypot', () => Math.hypot(1, 2)],
  ['String.prototype.localeCompare', () => 'a'.localeCompare('b')],
  ['String.prototype.normalize', () => 'a'.normalize()],
  ['String.prototype.toLocaleUpperCase', () => 'i'.toLocaleUpperCase()],
  ['Number.prototype.toLocaleString', () => (1.5).toLocaleString()],
  ['BigInt.prototype.toLocaleString', () => 15n.toLocaleString()],
  ['Atomics.wait', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0)],
];

/** What `run` throws with the traps on; vitest itself cannot work under them. */
function thrownBy(run: () => unknown): unknown {
  return withTraps(() => {
    try {
      return run();
    } catch (error) {
      return error;
    }
  });
}

describe('the traps', () => {
  it.each(FORBIDDEN)('throw on %s, with a stack that names the offender', (name, touch) => {
    const error = thrownBy(touch);
    expect(error).toBeInstanceOf(TrapError);
    expect(error).toMatchObject({ code: 'TRAP', touched: name });
    expect((error as TrapError).stack).toContain('traps.test.ts');
  });

  it('let exact arithmetic through', () => {
    expect(
      withTraps(() => [Math.imul(3, 5), Math.sqrt(2), Math.floor(2.5), Math.clz32(1), Math.max(1, 2)]),
    ).toEqual([15, Math.SQRT2, 2, 31, 2]);
  });

  it('come off after a throw, and only with the outermost step', () => {
    expect(() =>
      withTraps(() => {
        throw new RangeError('planted');
      }),
    ).toThrow(RangeError);
    expect(Date.now()).toBeGreaterThan(0);
    installTraps();
    const inner = thrownBy(() => Date.now());
    const outer = thrownBy(() => Date.now());
    removeTraps();
    removeTraps();
    expect([inner, outer]).toMatchObject([{ touched: 'Date' }, { touched: 'Date' }]);
    expect([typeof Date.now(), typeof Math.random(), typeof process.pid]).toEqual([
      'number',
      'number',
      'number',
    ]);
  });

  it('leave every global as it was', () => {
    const look = (): unknown[] =>
      ['Date', 'process', 'console', 'crypto', 'performance'].map((name) =>
        Object.getOwnPropertyDescriptor(globalThis, name),
      );
    const before = look();
    withTraps(() => 0);
    expect(look()).toEqual(before);
  });

  it('throw for ever from a reference that was taken while they were on', () => {
    const random = withTraps(() => Math.random);
    expect(() => random()).toThrow(TrapError);
  });
});

describe('a simulation under traps', () => {
  const touching = (catches: boolean) =>
    program((env) => ({
      onStart: () =>
        env.clock.setTimer('t', ms(1), () => {
          try {
            Date.now();
          } catch (error) {
            if (!catches) throw error;
          }
        }),
    }));

  it('ends when a program touches one, also when the program catches what it threw', () => {
    for (const catches of [false, true]) {
      const simulator = simulate(1, touching(catches), { onProgramThrow: 'endBoot' });
      runTo(simulator, 10_000);
      expect(simulator.status()).toMatchObject({
        kind: 'ended',
        reason: { kind: 'trapped', error: { touched: 'Date' } },
      });
      expect(touchedTrap()).toBeInstanceOf(TrapError);
      expect(Date.now()).toBeGreaterThan(0);
    }
  });

  it('ends too when an observer touches one', () => {
    const simulator = simulate(
      1,
      program((env) => ({ onStart: () => env.emit('x') })),
    );
    simulator.observe(() => console.log('x'));
    runTo(simulator, 10_000);
    expect(simulator.status()).toMatchObject({
      kind: 'ended',
      reason: { kind: 'harnessThrew', error: { touched: 'console' } },
    });
  });

  it('can be imported and run while they are on, so that no module keeps a forbidden reference', () => {
    const script = `
      const { installTraps, removeTraps } = await import(${url('traps.ts')});
      installTraps();
      let imported, failed;
      try { imported = await import(${url('test-world.ts')}); } catch (error) { failed = error; }
      removeTraps();
      if (failed !== undefined) throw failed;
      const simulator = imported.simulate(3, imported.gossip(20), {});
      imported.runTo(simulator, 500000);
      console.log(simulator.status().kind, simulator.traceHash());`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(child.stderr.replaceAll(/.*Warning.*\n?/g, '')).toBe('');
    const [kind, hash] = child.stdout.trim().split(' ');
    expect(kind).toBe('idle');
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
  });
});

/** A process whose global object looks like that of a browser: what it has is native, and some of it inherited, as in a worker. */
function inBrowserLikeProcess(script: string): unknown {
  const source = `
    const native = (answer) => (() => answer).bind(undefined);
    const inherited = { value: native(1), configurable: true, enumerable: true, writable: true };
    Object.defineProperty(Object.getPrototypeOf(globalThis), 'setAlarm', inherited);
    Object.defineProperty(globalThis, 'keepsake', { get: native('x'), set: undefined, configurable: true, enumerable: true });
    Object.defineProperty(globalThis, 'pinned', { get: native('x'), configurable: false, enumerable: true });
    globalThis.written = () => 'in JavaScript';
    const { TrapError, withTraps } = await import(${url('traps.ts')});
    const { program, runTo, simulate } = await import(${url('test-world.ts')});
    const { ms } = await import(${JSON.stringify(new URL('../env/units.ts', import.meta.url).href)});
    ${script}`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  expect(child.stderr.replaceAll(/.*Warning.*\n?/g, '')).toBe('');
  return JSON.parse(child.stdout);
}

describe('the traps in a browser', () => {
  it('name what a program touched of a world that nobody listed, its own or inherited', () => {
    const named = inBrowserLikeProcess(`
      const touch = (run) => {
        const main = program((env) => ({ onStart: () => env.clock.setTimer('t', ms(1), () => void run()) }));
        const simulator = simulate(1, main, { onProgramThrow: 'endBoot' });
        runTo(simulator, 10_000);
        const status = simulator.status();
        return status.kind === 'ended' ? [status.reason.kind, status.reason.error.touched] : [status.kind];
      };
      const all = [() => setAlarm(), () => keepsake, () => { keepsake = 'y'; }, () => written(), () => parseInt('1', 10)];
      console.log(JSON.stringify(all.map(touch)));`);
    expect(named).toEqual([
      ['trapped', 'setAlarm'],
      ['trapped', 'keepsake'],
      ['trapped', 'keepsake'],
      ['idle'],
      ['idle'],
    ]);
  });

  it('leave the global object and its prototype as they were', () => {
    const look = `() => JSON.stringify([globalThis, Object.getPrototypeOf(globalThis)].map((holder) =>
      Object.getOwnPropertyNames(holder).map((name) => {
        const { value, get, ...flags } = Object.getOwnPropertyDescriptor(holder, name);
        return [name, typeof value, typeof get, flags];
      }).sort()))`;
    const [before, during, after] = inBrowserLikeProcess(`
      const look = ${look};
      const before = look();
      const during = withTraps(look);
      console.log(JSON.stringify([before, during, look()]));`) as [string, string, string];
    expect(before).toContain('setAlarm');
    expect(during).not.toBe(before);
    expect(after).toBe(before);
  });

  it('cannot stand before what a browser pins to its global object', () => {
    expect(inBrowserLikeProcess(`console.log(JSON.stringify(withTraps(() => pinned)));`)).toBe('x');
  });
});

function url(file: string): string {
  return JSON.stringify(new URL(file, import.meta.url).href);
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ms } from '../src/env/units.ts';
import type { Fault } from '../src/sim/fault.ts';
import { Scheduler } from '../src/sim/scheduler.ts';
import { gossip, logOf, program, runTo, simulate } from '../src/sim/test-world.ts';
import { faultGroups, foldFaults } from './arbitraries/faults.ts';
import { checkLaw } from './check-law.ts';

const HOSTS = 3;
/** Of the times in a plan: a program that does something each few milliseconds sees them all in a second. */
const FASTER = 40;
const UNTIL_US = 900_000;

const plans = fc
  .record({ seed: fc.nat(), groups: faultGroups, chosen: fc.array(fc.boolean(), { maxLength: 24 }) })
  .map(({ seed, groups, chosen }) => {
    const faults = foldFaults(groups, HOSTS, [0, 1, 2]).map(faster);
    return { seed: `${seed}`, faults, isOff: (i: number) => chosen[i] === true };
  });

function faster(fault: Fault): Fault {
  const atUs = Math.floor(fault.atUs / FASTER);
  if ('forUs' in fault && fault.forUs !== 'forever')
    return { ...fault, atUs, forUs: Math.max(1, Math.floor(fault.forUs / FASTER)) };
  if ('downUs' in fault && fault.downUs !== 'forever')
    return { ...fault, atUs, downUs: Math.max(1, Math.floor(fault.downUs / FASTER)) };
  return { ...fault, atUs };
}

/** Draws, writes and tells, and speaks to nobody: all that it meets comes from its own world. */
const HERMIT = program((env) => {
  const look = (): void => {
    const key = Uint8Array.of(env.random.below(4));
    const found = env.storage.scan({ start: Uint8Array.of(0) }, 8).map(({ value }) => value[0]);
    env.storage.write([{ kind: 'put', key, value: env.random.bytes(1) }]);
    env.emit(`${env.clock.wallMs()} ${env.random.below(1_000_000)} ${found.join()}`);
    if (env.random.below(3) === 0) env.storage.flush((fault) => env.emit(`flushed ${fault?.kind ?? ''}`));
    env.clock.setTimer('look', ms(1 + env.random.below(9)), look);
  };
  return { onStart: look };
});

function hermit(seed: string, faults: readonly Fault[]): readonly string[] {
  const simulator = simulate(HOSTS, HERMIT, { seed, faults });
  const log = logOf(simulator);
  runTo(simulator, UNTIL_US);
  return log.filter((line) => line.startsWith('0@'));
}

/** What of a plan befalls host 0. */
function ofHost0(faults: readonly Fault[]): readonly Fault[] {
  return faults.flatMap((fault): Fault[] => {
    if (!('hosts' in fault)) return [fault];
    return fault.hosts.includes(0) ? [{ ...fault, hosts: [0] }] : [];
  });
}

function hashOf(seed: string, faults: readonly Fault[]): string {
  const simulator = simulate(HOSTS, gossip(2_000), { seed, faults });
  runTo(simulator, UNTIL_US);
  return simulator.traceHash();
}

/** A scheduler whose draws come from one stream for everybody, as a seeded Math.random would give them. */
function withOneStream(run: () => void): void {
  const original = Object.getOwnPropertyDescriptor(Scheduler.prototype, 'draw');
  if (original === undefined) throw new Error('nothing to plant at draw');
  let count = 0;
  Scheduler.prototype.draw = function planted(purpose, x, y): number {
    return Reflect.apply(original.value, this, [purpose, x, y, count++]);
  };
  try {
    run();
  } finally {
    Object.defineProperty(Scheduler.prototype, 'draw', original);
  }
}

const hermits = fc.property(plans, ({ seed, faults }) => {
  const alone = hermit(seed, ofHost0(faults));
  const among = hermit(seed, faults);
  if (alone.join() !== among.join()) throw new Error('what befalls other hosts changed what this one drew');
});

describe('A fault', () => {
  it('that is off leaves the run that it would be without it, whatever else the plan holds', () => {
    let effective = 0;
    let runs = 0;
    checkLaw(
      fc.property(plans, ({ seed, faults, isOff }) => {
        const off = faults.map((fault, i) => (isOff(i) ? { ...fault, off: true } : fault));
        const without = faults.filter((_, i) => !isOff(i));
        const hash = hashOf(seed, without);
        expect(hashOf(seed, off)).toBe(hash);
        runs++;
        if (without.length < faults.length && hashOf(seed, faults) !== hash) effective++;
      }),
      { numRuns: 120 },
    );
    // Else what was switched off would have done nothing anyway.
    expect(effective).toBeGreaterThanOrEqual(runs > 50 ? runs / 4 : 0);
  });

  it('of other hosts changes nothing that a host draws, loses or tells', () => {
    checkLaw(hermits, { numRuns: 150 });
    expect(hermit('1', []).length).toBeGreaterThan(50);
  });

  it('is found to, where all draws come from one stream', () => {
    withOneStream(() =>
      expect(fc.check(hermits, { numRuns: 20, seed: 1, endOnFailure: true }).failed).toBe(true),
    );
    expect(fc.check(hermits, { numRuns: 20, seed: 1 }).failed).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import type { ClusterOptions } from '../../src/cluster/chain-setup.ts';
import {
  type CrashPoint,
  countEffects,
  DISK_FATES,
  isSound,
  runCrashPoint,
} from '../../src/cluster/crash-points.ts';
import { ms } from '../../src/env/units.ts';
import { crashPlan, installPlan, JOINER, VICTIM } from './crash-plans.ts';
import { planted, SUITE } from './support.ts';

/** Every so-manieth effect; each begins elsewhere for each fate, so that the fates together see more of them. */
const STRIDE = 29;
const OPTIONS = { nativeSuite: SUITE };

function points(effects: number, host = VICTIM): readonly CrashPoint[] {
  return DISK_FATES.flatMap((fate, i) =>
    Array.from({ length: Math.floor((effects - 1 - i) / STRIDE) + 1 }, (_, n) => ({
      host,
      effect: 1 + i + n * STRIDE,
      fate,
    })),
  );
}

describe.each(['pow', 'round-robin', 'poa', 'pos'] as const)('a crash after an effect, with %s', (engine) => {
  const plan = crashPlan(engine);
  const effects = countEffects(plan, VICTIM, OPTIONS);

  it('has hundreds of places', () => {
    expect(effects).toBeGreaterThan(200);
  });

  it.each(DISK_FATES)('leaves a host that comes back to the chain: %s', (fate) => {
    const unsound = points(effects)
      .filter((point) => point.fate === fate)
      .map((point) => runCrashPoint(plan, point, OPTIONS))
      .filter((outcome) => !isSound(outcome));
    expect(unsound).toEqual([]);
  });

  it('that never comes is no proof', () => {
    const outcome = runCrashPoint(plan, { host: VICTIM, effect: 1_000_000, fate: 'kill' }, OPTIONS);
    expect(outcome).toMatchObject({ crashed: false, violations: [] });
    expect(isSound(outcome)).toBe(false);
  });
});

describe('a crash after an effect of a host that begins with a snapshot', () => {
  const plan = installPlan();
  const effects = countEffects(plan, JOINER, OPTIONS);

  it('has places in the fetch, in the install and in what follows', () => {
    const untouched = runCrashPoint(plan, { host: JOINER, effect: 1_000_000, fate: 'kill' }, OPTIONS);
    expect(untouched).toMatchObject({ crashed: false, violations: [], installs: 1 });
    expect(effects).toBeGreaterThan(100);
  });

  it.each(DISK_FATES)('leaves a host that comes back to the chain: %s', (fate) => {
    const unsound = points(effects, JOINER)
      .filter((point) => point.fate === fate)
      .map((point) => runCrashPoint(plan, point, OPTIONS))
      .filter((outcome) => !isSound(outcome));
    expect(unsound).toEqual([]);
  });
});

/** Calls what it wrote durable before it is, and splits each batch in two. */
const torn = planted([VICTIM], (env) => ({
  env: {
    storage: {
      ...env.storage,
      write(ops) {
        const half = Math.floor(ops.length / 2);
        if (half > 0) env.storage.write(ops.slice(0, half));
        env.storage.write(ops.slice(half));
      },
    },
  },
}));
const impatient = planted([VICTIM], (env) => ({
  env: {
    storage: {
      ...env.storage,
      // Every write that follows is what the flush was to cover.
      flush: (onDurable) => void env.clock.setTimer('planted', ms(0), () => onDurable()),
    },
  },
}));

describe('the enumeration of crash points finds', () => {
  const plan = crashPlan('pow');

  function unsound(program: NonNullable<ClusterOptions['program']>, fate: CrashPoint['fate']): boolean {
    const options = { ...OPTIONS, program };
    const effects = countEffects(plan, VICTIM, options);
    for (let effect = 1; effect <= effects; effect += 3) {
      if (!isSound(runCrashPoint(plan, { host: VICTIM, effect, fate }, options))) return true;
    }
    return false;
  }

  it('a node that writes one batch as two', () => {
    expect(unsound(torn, 'kill')).toBe(true);
  });

  it('a node that promises before the disk has it', () => {
    expect(unsound(impatient, 'powerAll')).toBe(true);
  });
});

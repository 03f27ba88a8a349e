import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScenarioFile } from '../../cluster/scenario/schema.ts';
import type { Fault } from '../../sim/fault.ts';
import { type Shrunk, shrinkScenario, type Trial } from './shrink.ts';

const FINGERPRINT = 'pos some/law';

function crash(i: number): Fault {
  return {
    id: `${i % 2 === 0 ? 'crash' : 'rollingRestart'}/0/${i}`,
    atUs: 1_000_000 + i * 123_457,
    kind: 'crash',
    hosts: [i % 5],
    how: 'kill',
    downUs: 1_000_000,
    disk: 'keep',
  };
}

function scenario(faults: number): ScenarioFile {
  return {
    name: 'a',
    shows: 'A scenario for a test of shrinking.',
    duration: '100s',
    quiet: '40s',
    nodes: 5,
    signatures: 'modelled',
    chain: { engine: 'pos', blockInterval: '2s', rounds: { propose: '300ms' } },
    network: { latency: { uniform: '10ms..20ms' }, jitter: '3ms' },
    load: [
      { kind: 'transfers', perSecond: 1 },
      { kind: 'conflicting', perSecond: 1 },
    ],
    plan: Array.from({ length: faults }, (_, i) => crash(i)),
    expect: 'pass',
  };
}

const absentOf = ({ hosts = [] }: ScenarioFile): readonly number[] =>
  hosts.flatMap((rule) => (rule.absent === true && Array.isArray(rule.hosts) ? rule.hosts : []));

/** Fails while all of these faults are there, at 20 s, with one load, and host 3 up. */
function failsWith(needed: readonly number[], options: Partial<Parameters<typeof shrinkScenario>[2]> = {}) {
  let runs = 0;
  const trial = (file: ScenarioFile): Trial => {
    runs++;
    const has = (i: number): boolean => file.plan?.some(({ id }) => id === crash(i).id) === true;
    const lasts = Number(file.duration.replace('s', ''));
    const fails =
      needed.every(has) &&
      lasts > 20 &&
      file.load?.some(({ kind }) => kind === 'conflicting') === true &&
      file.nodes > 3 &&
      !absentOf(file).includes(3);
    return { fingerprint: fails ? FINGERPRINT : undefined, failedUs: 20_000_000, messageFaults: [] };
  };
  const shrink = (file: ScenarioFile): Promise<Shrunk> =>
    shrinkScenario(file, trial(file), {
      fingerprint: FINGERPRINT,
      isLiveness: false,
      budget: 5_000,
      run: (files) => Promise.resolve(files.map(trial)),
      onProgress: () => {},
      ...options,
    });
  return { shrink, runs: () => runs };
}

describe('shrinking a scenario', () => {
  it('comes to the faults that it takes and nothing else, whichever they are', async () => {
    const cases = fc.uniqueArray(fc.nat(59), { minLength: 0, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cases, async (needed) => {
        const { shrink } = failsWith(needed);
        const { file, isMinimal } = await shrink(scenario(60));
        expect(isMinimal).toBe(true);
        expect(new Set(file.plan?.map(({ id }) => id))).toEqual(new Set(needed.map((i) => crash(i).id)));
        expect(file.load).toEqual([{ kind: 'conflicting', perSecond: 1 }]);
        expect(file.duration).toBe('21s');
        expect(file.network).toBeUndefined();
        expect(file.chain?.rounds).toBeUndefined();
        // Host 3 must be there, and whoever a needed fault strikes.
        const struck = new Set([3, ...needed.map((i) => i % 5)]);
        const present = Array.from({ length: file.nodes }, (_, i) => i).filter(
          (i) => !absentOf(file).includes(i),
        );
        expect(new Set(present)).toEqual(struck);
        expect(file.nodes).toBe(Math.max(...struck) + 1);
      }),
      { numRuns: 40 },
    );
  });

  it('takes fewer runs than leaving out one at a time', async () => {
    const one = failsWith([17, 42]);
    await one.shrink(scenario(200));
    expect(one.runs()).toBeLessThan(200);
  });

  it('keeps the quiet end of a failure to agree, and lets the faults end earlier', async () => {
    const { shrink } = failsWith([], { isLiveness: true });
    const { file } = await shrink(scenario(10));
    expect([file.duration, file.quiet]).toEqual(['40s', '40s']);
  });

  it('ends with what it has when the budget is used up', async () => {
    const { shrink, runs } = failsWith([3, 31], { budget: 20 });
    const { isMinimal, runs: counted, file } = await shrink(scenario(60));
    expect(isMinimal).toBe(false);
    expect(counted).toBeLessThanOrEqual(20);
    expect(runs()).toBeLessThanOrEqual(21);
    expect(file.plan?.some(({ id }) => id === crash(3).id)).toBe(true);
  });

  it('accepts no other failure than the one it was given', async () => {
    const other: Trial = { fingerprint: 'pos another/law', failedUs: 1, messageFaults: [] };
    const run = (files: readonly ScenarioFile[]) => Promise.resolve(files.map(() => other));
    const { file } = await failsWith([], { run }).shrink(scenario(7));
    expect(file).toEqual(scenario(7));
  });
});

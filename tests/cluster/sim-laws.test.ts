import { describe, expect, it } from 'vitest';
import type { SimDisk } from '../../src/sim/disk/disk.ts';
import type { Fault } from '../../src/sim/fault.ts';
import { logOf, program, runTo, simulate } from '../../src/sim/test-world.ts';

/** A law of disks under a running host, and a disk that breaks it. Those of the kernel and the network stand beside them. */
interface DiskLaw {
  readonly law: string;
  /** The crash after which the next boot tells what it finds. */
  readonly crash: Fault;
  /** Right for every seed, whatever a power loss draws. */
  readonly isRight: (found: readonly number[]) => boolean;
  /** Plants a bug in this disk. */
  readonly plant: (disk: SimDisk) => void;
}

const SEEDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/** One key a batch, this many; the first half is flushed before the rest is written. */
const BATCHES = 8;
const FLUSHED = [0, 1, 2, 3];
const AT = { id: 'c', atUs: 5_000, kind: 'crash', hosts: [0], downUs: 10 } as const;

function isPrefix(found: readonly number[]): boolean {
  return found.every((key, i) => key === i);
}

/** The keys that the second boot finds. */
function foundAfter(seed: string, crash: Fault, plant: (disk: SimDisk) => void): readonly number[] {
  const main = program((env) => ({
    onStart() {
      const found = env.storage.scan({ start: Uint8Array.of(0) }, 1_000).map(({ key }) => key[0]);
      env.emit(JSON.stringify(found));
      if (found.length > 0) return;
      const write = (n: number): void =>
        env.storage.write([{ kind: 'put', key: Uint8Array.of(n), value: Uint8Array.of(n) }]);
      for (const n of FLUSHED) write(n);
      env.storage.flush(() => {
        for (let n = FLUSHED.length; n < BATCHES; n++) write(n);
      });
    },
  }));
  // A backup before the first boot: what it holds is nothing.
  const backup: Fault = { id: 'backup', atUs: 0, kind: 'diskSnapshot', hosts: [0] };
  const simulator = simulate(1, main, { seed, faults: [backup, crash] });
  plant(simulator.disk(0));
  const log = logOf(simulator);
  runTo(simulator, 20_000);
  return JSON.parse(log[1]?.replace(/^[^:]*: /, '') ?? 'null');
}

const LAWS: readonly DiskLaw[] = [
  {
    law: 'what a flush acknowledged survives every power loss',
    crash: { ...AT, how: 'power', disk: 'keep' },
    isRight: (found) => FLUSHED.every((key) => found.includes(key)),
    plant: (disk) => {
      disk.completeFlush = () => undefined;
    },
  },
  {
    law: 'a power loss leaves a prefix of what was written',
    crash: { ...AT, how: 'power', disk: 'keep' },
    isRight: isPrefix,
    plant: (disk) => {
      const power = disk.power.bind(disk);
      disk.power = (draw) => {
        const loss = power(draw);
        disk.write([{ kind: 'delete', key: Uint8Array.of(1) }]);
        return loss;
      };
    },
  },
  {
    law: 'a kill leaves all that was written',
    crash: { ...AT, how: 'kill', disk: 'keep' },
    isRight: (found) => found.length === BATCHES && isPrefix(found),
    plant: (disk) => {
      disk.kill = () => disk.power((bound) => Math.floor(bound / 2));
    },
  },
  {
    law: 'an empty disk is empty',
    crash: { ...AT, how: 'kill', disk: 'empty' },
    isRight: (found) => found.length === 0,
    plant: (disk) => {
      disk.wipe = () => {};
    },
  },
  {
    law: 'an old disk is that of its backup',
    crash: { ...AT, how: 'kill', disk: 'old' },
    isRight: (found) => found.length === 0,
    plant: (disk) => {
      disk.restore = () => {};
    },
  },
];

describe.each(LAWS)('the law that $law', ({ crash, isRight, plant }) => {
  it('holds', () => {
    expect(SEEDS.filter((seed) => !isRight(foundAfter(seed, crash, () => {})))).toEqual([]);
  });

  it('does not hold of a disk with the bug planted', () => {
    expect(SEEDS.filter((seed) => !isRight(foundAfter(seed, crash, plant)))).not.toEqual([]);
  });
});

describe('a power loss', () => {
  it('takes something now and then: a disk that keeps all would pass every law above', () => {
    const crash: Fault = { ...AT, how: 'power', disk: 'keep' };
    expect(SEEDS.some((seed) => foundAfter(seed, crash, () => {}).length < BATCHES)).toBe(true);
    const keepsAll = (disk: SimDisk): void => {
      disk.power = () => disk.kill();
    };
    expect(SEEDS.some((seed) => foundAfter(seed, crash, keepsAll).length < BATCHES)).toBe(false);
  });
});

/** Where the power is cut: places in a record, spread over all of it and close to what promises stand on. */
import { createStream } from '../../src/sim/seeds.ts';
import type { DiskChange, DiskRecord } from './disk-record.ts';
import { type Cut, LOSSES } from './rebuild.ts';
import type { Recording } from './record-validator.ts';

/** A cut, and how it is named in reports. */
export interface NamedCut extends Cut {
  readonly name: string;
}

/** Integers below n, of a seed. */
export function drawsOf(seed: string): (n: number) => number {
  return createStream(seed, 'durability').below;
}

/** So many cuts of a recording; the same for the same seed. */
export function chooseCuts(recording: Recording, count: number, seed: string): readonly NamedCut[] {
  const { disk, said, end } = recording;
  const first = disk.changes[0]?.at ?? 0;
  return Array.from({ length: count }, (_, i) => {
    const below = drawsOf(`${seed} ${i}`);
    const loss = LOSSES[(i + Math.floor(i / LOSSES.length)) % LOSSES.length] ?? 'all';
    const sync = disk.syncs[below(disk.syncs.length)];
    const message = said[below(said.length)];
    const places = [
      first + 1 + below(end - first),
      // The moment after a message may have left.
      (message?.at ?? first) + 1,
      // The moment before a sync has made something durable, and the one after.
      (sync?.done ?? first) + below(2),
      earlyInBoot(recording, below),
    ];
    const at = places[i % places.length] ?? end;
    return { at, loss, below, name: `cut ${i} at ${at}, ${loss} of what was not synced is lost` };
  });
}

/** A boot finds what the killed one before it has written, and the disk does not have all of that yet. */
function earlyInBoot({ disk, said, boots, end }: Recording, below: (n: number) => number): number {
  const from = boots[1 + below(boots.length - 1)] ?? 0;
  const synced = disk.syncs.filter(({ path, at }) => at > from && path.endsWith('.mdb'));
  const message = said.filter(({ at }) => at > from)[below(6)];
  return below(2) === 0 ? (message?.at ?? from) + 1 : from + 1 + below((synced[2]?.done ?? end) - from);
}

/** Cuts after everything that was said: what the peers know is then what they knew at the cut. */
export function finalCuts({ said, end }: Recording, seed: string): readonly NamedCut[] {
  const last = said.at(-1)?.at ?? 0;
  return LOSSES.map((loss, i) => {
    const below = drawsOf(`${seed} final ${i}`);
    const at = last + 1 + below(end - last);
    return {
      at,
      loss,
      below,
      name: `cut at ${at}, after all that was said, ${loss} of what was not synced is lost`,
    };
  });
}

/** A disk that said so many times before the place that it had synced, and had not; nor what was written through since. */
export function withSyncsIgnored(
  { changes, syncs }: DiskRecord,
  at: number,
  count: number,
): readonly DiskChange[] {
  const done = syncs.map((sync) => sync.done).filter((end) => end < at);
  const lie = done[Math.max(0, done.length - count)] ?? 0;
  return changes.map((change) =>
    change.durableAt >= lie && change.durableAt < at
      ? { ...change, durableAt: Number.POSITIVE_INFINITY }
      : change,
  );
}

/** Who may still be accused: which key had a seat at which heights, as long as evidence counts. CometBFT, spec/consensus/evidence.md. */
import type { UnixMs } from '../../../env/units.ts';
import { heightField, publicKeyField, timeField } from '../../types/layout/fields.ts';
import { booleanLayout, type Layout, listOf } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { type Height, height, type PublicKey } from '../../types/units.ts';
import { VALIDATORS_MAX } from './commit.ts';
import type { PosConfig } from './config.ts';
import { placeOf, type ValidatorSet } from './validator-set.ts';

/**
 * Seats of one window: four sets that have nobody in common. Who would be one more is refused, and nobody is forgotten.
 * 98 kB of a view.
 */
export const SEATS_MAX = 4 * VALIDATORS_MAX;
/** Into so many parts the window is divided by heights whose time is kept: the age in time is known to one of them. */
const WINDOW_PARTS = 64;
/** Of the two ways to leave the window each needs one more mark than parts, and so do both ends. */
const MARKS_MAX = WINDOW_PARTS + 4;

/** A key in the sets of all heights from one on. */
export interface Seat {
  readonly key: PublicKey;
  readonly from: Height;
  /** True: evidence against the key was judged, and none is taken again. */
  readonly isTombstoned: boolean;
}

/** A key in the sets of heights from one to another. */
export interface LeftSeat extends Seat {
  readonly until: Height;
}

/** The time of one block. */
export interface TimeMark {
  readonly height: Height;
  readonly timestampMs: UnixMs;
}

export interface EvidenceWindow {
  /** Members of the newest known set, in its order. */
  readonly seated: readonly Seat[];
  /** Seats that ended inside the window, in the order of their ends. */
  readonly left: readonly LeftSeat[];
  /** By height; the first lies at or before the oldest height that counts. */
  readonly marks: readonly TimeMark[];
}

/** What is asked of the block that the view is of. */
interface Now {
  readonly config: PosConfig;
  readonly height: Height;
  readonly timestampMs: UnixMs;
}

const seatFields = { key: publicKeyField, from: heightField, isTombstoned: booleanLayout };

/** The canonical bytes. */
export const evidenceWindowLayout: Layout<EvidenceWindow> = struct<EvidenceWindow>({
  seated: listOf(struct<Seat>(seatFields), 16, VALIDATORS_MAX),
  left: listOf(struct<LeftSeat>({ ...seatFields, until: heightField }), 16, SEATS_MAX),
  marks: listOf(struct<TimeMark>({ height: heightField, timestampMs: timeField }), 8, MARKS_MAX),
});

/** The window of genesis. @param set of height 1 and of height 2. */
export function genesisWindow(set: ValidatorSet, timestampMs: UnixMs): EvidenceWindow {
  const seated = set.validators.map(({ key }) => ({ key, from: height(1), isTombstoned: false }));
  return { seated, left: [], marks: [{ height: height(0), timestampMs }] };
}

/** How many seats the window holds. */
export function seatCount({ seated, left }: EvidenceWindow): number {
  return seated.length + left.length;
}

/** The seat that the key had at that height. */
export function seatAt(window: EvidenceWindow, key: PublicKey, at: Height): Seat | undefined {
  const now = window.seated.find((seat) => seat.key === key && seat.from <= at);
  return now ?? window.left.find((seat) => seat.key === key && seat.from <= at && at <= seat.until);
}

/**
 * True when what was signed at this height is too old: in blocks AND in time, since either may stand still. What is signed
 * at a height is signed after the block before it; of that block's time the last mark at or before it is known, so
 * that evidence counts a little shorter than `evidenceMs`, never longer.
 */
export function isTooOld(marks: readonly TimeMark[], now: Now, at: Height): boolean {
  const mark = marks.findLast(({ height: marked }) => marked < at);
  return mark === undefined || isOlder(now, at, mark.timestampMs);
}

function isOlder({ config, height: nowHeight, timestampMs }: Now, at: Height, signedMs: UnixMs): boolean {
  return nowHeight - at > config.evidenceBlocks && timestampMs - signedMs > config.evidenceMs;
}

/** The window one block later: a new mark where one is due, and what became too old is forgotten. */
export function moveWindow(window: EvidenceWindow, now: Now): EvidenceWindow {
  const marks = moveMarks(window.marks, now);
  const stays = window.left.findIndex(({ until }) => !isTooOld(marks, now, until));
  const left = stays === 0 || window.left.length === 0 ? window.left : leftFrom(window.left, stays);
  return marks === window.marks && left === window.left ? window : { ...window, left, marks };
}

function leftFrom(left: readonly LeftSeat[], first: number): readonly LeftSeat[] {
  return first < 0 ? [] : left.slice(first);
}

function moveMarks(marks: readonly TimeMark[], now: Now): readonly TimeMark[] {
  const { config, height: nowHeight, timestampMs } = now;
  const last = marks.at(-1);
  const isDue =
    last === undefined ||
    (nowHeight - last.height >= partOf(config.evidenceBlocks) &&
      timestampMs - last.timestampMs >= partOf(config.evidenceMs));
  let first = 0;
  while (isPassed(marks[first], marks[first + 1], now)) first++;
  if (!isDue) return first === 0 ? marks : marks.slice(first);
  return [...marks.slice(first), { height: nowHeight, timestampMs }];
}

/** The youngest height that is judged by the first mark is that of the second. */
function isPassed(first: TimeMark | undefined, second: TimeMark | undefined, now: Now): boolean {
  return first !== undefined && second !== undefined && isOlder(now, second.height, first.timestampMs);
}

function partOf(length: number): number {
  return Math.max(1, Math.ceil(length / WINDOW_PARTS));
}

/** The window when a new set is known. @param set of height `from`. @param tombstoned keys that were judged in this block. */
export function reseat(
  window: EvidenceWindow,
  set: ValidatorSet,
  from: Height,
  tombstoned: readonly PublicKey[],
): EvidenceWindow {
  const judged = new Set(tombstoned);
  const mark = <T extends Seat>(seat: T): T =>
    judged.has(seat.key) && !seat.isTombstoned ? { ...seat, isTombstoned: true } : seat;
  const before = new Map(window.seated.map((seat) => [seat.key, mark(seat)]));
  const seated = set.validators.map(({ key }) => before.get(key) ?? { key, from, isTombstoned: false });
  const until = height(from - 1);
  const gone = [...before.values()].filter(({ key }) => placeOf(set, key) === undefined);
  const left = [...window.left.map(mark), ...gone.map((seat) => ({ ...seat, until }))];
  return { ...window, seated, left };
}

/** The simulated disk: pristine content, an undo log of what is not durable, and an overlay of faults. */
import { assert } from '../../env/assert.ts';
import { equalBytes } from '../../env/bytes.ts';
import type { Entry, KeyRange, Storage, StorageFault, WriteOp } from '../../env/storage.ts';
import { StorageCrash } from '../../env/storage.ts';
import { assertBatch, assertKey, assertScan } from '../../env/storage-limits.ts';
import type { Conditions } from './conditions.ts';
import {
  conditionsOf,
  HEALTHY,
  isFlushError,
  isFullOnFlush,
  isFullOnWrite,
  isLie,
  isReadError,
  isWriteError,
} from './conditions.ts';
import type { CorruptionLedger, CorruptionStart } from './corruption-ledger.ts';
import { createCorruptionLedger } from './corruption-ledger.ts';
import type {
  CorruptionReport,
  DiskConfig,
  DiskFault,
  DiskSnapshot,
  FaultOutcome,
  PowerLoss,
  SimDisk,
} from './disk.ts';
import type { OneKeyFault } from './fault-target.ts';
import { aim, differences, isMeant } from './fault-target.ts';
import { compareText, keyToText, textToKey } from './key-text.ts';
import type { SortedMap } from './sorted-keys.ts';
import { createSortedMap } from './sorted-keys.ts';
import { type Undo, type UndoBatch, WriteJournal } from './write-journal.ts';

const EMPTY: ReadonlyMap<string, Uint8Array> = new Map();

type Allow = (key: Uint8Array) => boolean;

/** A lost write that waits for its write. */
interface ArmedLoss {
  readonly fault: Extract<DiskFault, { readonly kind: 'lostWrite' }>;
  readonly allow: Allow;
}

/** A key that reads for ever as it did once. */
interface Frozen {
  readonly faultId: string;
  readonly value: Uint8Array;
  readonly allow: Allow;
}

/** An empty disk. */
export function createSimDisk(config: DiskConfig): SimDisk {
  return new OverlaidDisk(config);
}

class OverlaidDisk implements SimDisk {
  readonly #config: DiskConfig;
  readonly #ledger: CorruptionLedger;
  readonly #faults = new Map<string, DiskFault>();
  /** What was used when a full disk began, by fault. */
  readonly #usedAtStart = new Map<string, number>();
  readonly #fired = new Set<string>();
  readonly #armed = new Map<string, ArmedLoss>();
  readonly #frozen = new Map<string, Frozen>();
  #content: SortedMap = createSortedMap(EMPTY);
  #usedBytes = 0;
  readonly #journal = new WriteJournal();
  #bootFault: StorageFault | undefined;
  #conditions: Conditions = HEALTHY;
  #lastSnapshot: DiskSnapshot | undefined;

  constructor(config: DiskConfig) {
    this.#config = config;
    this.#ledger = createCorruptionLedger(config.currentEvent);
  }

  get written(): number {
    return this.#journal.written;
  }

  get durable(): number {
    return this.#journal.durable;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get entryCount(): number {
    return this.#content.size;
  }

  get latencyMultiplier(): number {
    return this.#conditions.latencyMultiplier;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    assertKey(key);
    if (this.#conditions.readFails) throw this.#crash('IO', isReadError);
    return this.#read(keyToText(key));
  }

  scan(range: KeyRange, limit: number, reverse = false): readonly Entry[] {
    assertScan(range, limit);
    if (this.#conditions.readFails) throw this.#crash('IO', isReadError);
    return collect(this.#keysInRange(range, reverse), limit, (key) => this.#read(key));
  }

  get pristine(): Pick<Storage, 'get' | 'scan'> {
    return {
      get: (key) => {
        assertKey(key);
        return this.#content.get(keyToText(key));
      },
      scan: (range, limit, reverse = false) => {
        assertScan(range, limit);
        return collect(this.#keysInRange(range, reverse), limit, (key) => this.#content.get(key));
      },
    };
  }

  write(ops: readonly WriteOp[]): void {
    const bytes = assertBatch(ops);
    this.#journal.assertRoom(bytes);
    if (this.#conditions.writeFails) throw this.#crash('IO', isWriteError);
    const usedBefore = this.#usedBytes;
    const texts = this.#config.keys.textsOf(ops);
    const undo = ops.map((op, i) => this.#apply(op, texts[i] as string));
    if (this.#usedBytes > this.#conditions.writeCapacityBytes && this.#usedBytes > usedBefore) {
      this.#takeBack(undo);
      throw this.#crash('FULL', isFullOnWrite);
    }
    this.#journal.add(undo, bytes);
    for (const { key } of undo) this.#changed(key);
    if (this.#armed.size > 0) this.#loseWrites(undo);
  }

  completeFlush(batch: number): StorageFault | undefined {
    assert(batch <= this.#journal.written, 'a flush covers batches that were written');
    this.#bootFault ??= this.#flushFault();
    if (this.#bootFault !== undefined) return this.#bootFault;
    const { flushLies } = this.#conditions;
    const covered = this.#journal.acknowledge(batch, flushLies);
    if (flushLies && covered > 0) this.#note(isLie);
    return undefined;
  }

  kill(): PowerLoss {
    const hasFailed = this.#bootFault !== undefined;
    return this.#endBoot(hasFailed ? this.durable : this.written, hasFailed);
  }

  power(draw: (bound: number) => number): PowerLoss {
    return this.#endBoot(this.durable + draw(this.written - this.durable + 1), true);
  }

  takeSnapshot(): DiskSnapshot {
    this.#lastSnapshot = { entries: this.#content.toMap() };
    return this.#lastSnapshot;
  }

  restore(snapshot: DiskSnapshot): void {
    this.#endBoot(this.written, true);
    this.#ledger.overwrittenAll();
    this.#frozen.clear();
    this.#content = createSortedMap(snapshot.entries);
    this.#usedBytes = 0;
    for (const [key, value] of snapshot.entries) this.#usedBytes += key.length + value.length;
  }

  wipe(): void {
    this.restore({ entries: EMPTY });
  }

  setFault(fault: DiskFault, allow: Allow = () => true): FaultOutcome {
    this.clearFault(fault.id);
    const outcome = this.#begin(fault, allow);
    if (outcome === 'active' || outcome === 'armed') this.#faults.set(fault.id, fault);
    if (fault.kind === 'diskFull') this.#usedAtStart.set(fault.id, this.#usedBytes);
    this.#conditions = conditionsOf(this.#faults.values(), this.#usedAtStart);
    return outcome;
  }

  clearFault(id: string): void {
    if (!this.#faults.delete(id)) return;
    this.#usedAtStart.delete(id);
    this.#armed.delete(id);
    for (const [key, frozen] of this.#frozen) if (frozen.faultId === id) this.#frozen.delete(key);
    this.#ledger.healed(id);
    this.#conditions = conditionsOf(this.#faults.values(), this.#usedAtStart);
  }

  hasFired(id: string): boolean {
    return this.#fired.has(id);
  }

  detected(key: Uint8Array): boolean {
    return this.#ledger.detected(keyToText(key));
  }

  scrub(check: (key: Uint8Array, value: Uint8Array | undefined) => boolean): void {
    this.#ledger.scrub(check);
  }

  report(): CorruptionReport {
    return this.#ledger.report();
  }

  holds(key: Uint8Array): 'good' | 'unflushed' | 'corrupt' | 'absent' {
    const text = keyToText(key);
    if (this.#ledger.wrong.has(text)) return 'corrupt';
    if (!this.#content.has(text)) return 'absent';
    return this.#journal.touches(text) ? 'unflushed' : 'good';
  }

  keys(): readonly Uint8Array[] {
    return Array.from(this.#content.toMap().keys(), textToKey);
  }

  #read(key: string): Uint8Array | undefined {
    const { wrong } = this.#ledger;
    const answer = wrong.size === 0 ? undefined : wrong.get(key);
    if (answer === undefined) return this.#content.get(key);
    this.#ledger.noteRead(answer);
    return answer.value;
  }

  /** Keys that may be in the range, in order: those that the disk holds or held, and those that read wrong. */
  #keysInRange(range: KeyRange, reverse: boolean): Iterable<string> {
    const start = keyToText(range.start);
    const end = range.end === undefined ? undefined : keyToText(range.end);
    const strays = this.#strays(start, end);
    if (strays.length === 0) return this.#content.order(start, end, reverse);
    const keys = [...new Set([...this.#content.order(start, end, false), ...strays])].sort(compareText);
    return reverse ? keys.reverse() : keys;
  }

  /** Keys that read as something though the disk holds nothing there. */
  #strays(start: string, end: string | undefined): readonly string[] {
    const strays: string[] = [];
    for (const key of this.#ledger.wrong.keys()) {
      if (key >= start && (end === undefined || key < end) && !this.#content.has(key)) strays.push(key);
    }
    return strays;
  }

  #apply(op: WriteOp, key: string): Undo {
    if (op.kind === 'delete') {
      const before = this.#content.delete(key);
      if (before !== undefined) this.#usedBytes -= key.length + before.length;
      return { key, before };
    }
    const before = this.#content.set(key, op.value);
    this.#usedBytes += before === undefined ? key.length : -before.length;
    this.#usedBytes += op.value.length;
    return { key, before };
  }

  #takeBack(undo: UndoBatch): void {
    for (let i = undo.length - 1; i >= 0; i--) {
      const { key, before } = undo[i] as Undo;
      const now = this.#content.get(key);
      if (now !== undefined) this.#usedBytes -= key.length + now.length;
      if (before === undefined) {
        this.#content.delete(key);
      } else {
        this.#content.set(key, before);
        this.#usedBytes += key.length + before.length;
      }
    }
  }

  /** The pristine value of a key changed: what was wrong there is overwritten, unless the key is frozen. */
  #changed(key: string): void {
    if (this.#ledger.wrong.size > 0) this.#ledger.overwritten(key);
    const frozen = this.#frozen.size === 0 ? undefined : this.#frozen.get(key);
    if (frozen === undefined) return;
    const now = this.#content.get(key);
    if (isSame(now, frozen.value) || !frozen.allow(textToKey(key))) return;
    this.#corrupt({ faultId: frozen.faultId, kind: 'staleValue', key, value: frozen.value });
  }

  #loseWrites(undo: UndoBatch): void {
    const first = new Map<string, Uint8Array | undefined>();
    for (const { key, before } of undo) if (!first.has(key)) first.set(key, before);
    for (const [id, { fault, allow }] of this.#armed) {
      const { target } = fault;
      const meant = [...first.keys()].filter((key) => isMeant(target, key) && !this.#ledger.wrong.has(key));
      const draw = target.kind === 'drawn' ? target.draw : 0;
      for (let i = 0; i < meant.length; i++) {
        const key = meant[((draw % meant.length) + i) % meant.length] as string;
        const value = first.get(key);
        if (isSame(value, this.#content.get(key)) || !allow(textToKey(key))) continue;
        this.#corrupt({ faultId: id, kind: 'lostWrite', key, value });
        this.#armed.delete(id);
        break;
      }
    }
  }

  #begin(fault: DiskFault, allow: Allow): FaultOutcome {
    switch (fault.kind) {
      case 'lyingFlush':
      case 'ioError':
      case 'diskFull':
        return 'active';
      case 'slow':
        assert(Number.isSafeInteger(fault.multiplier) && fault.multiplier >= 1, 'a slow disk is no faster');
        this.#fired.add(fault.id);
        return 'active';
      case 'lostWrite':
        this.#armed.set(fault.id, { fault, allow });
        return 'armed';
      case 'oldSnapshot':
        return this.#goBack(fault.id, allow);
      default:
        return this.#hit(fault, allow);
    }
  }

  #goBack(faultId: string, allow: Allow): FaultOutcome {
    if (this.#lastSnapshot === undefined) return 'noTarget';
    const changes = differences(this.#lastSnapshot.entries, this.#content.toMap()).filter(
      ({ key }) => !this.#ledger.wrong.has(key),
    );
    if (changes.length === 0) return 'noTarget';
    if (!changes.every(({ key }) => !this.#content.has(key) || allow(textToKey(key)))) return 'refused';
    for (const { key, value } of changes) {
      this.#corrupt({ faultId, kind: 'oldSnapshot', key, value });
    }
    return 'active';
  }

  #hit(fault: OneKeyFault, allow: Allow): FaultOutcome {
    const start = aim(
      fault,
      {
        keys: () => [...this.#content.order('', undefined, false)].filter((key) => this.#content.has(key)),
        get: (key) => this.#content.get(key),
        isWrong: (key) => this.#ledger.wrong.has(key) || this.#frozen.has(key),
      },
      allow,
    );
    if (typeof start === 'string') return start;
    if (fault.kind !== 'staleValue') {
      this.#corrupt(start);
      return 'active';
    }
    assert(start.value !== undefined, 'a stale value is one that the disk held');
    this.#frozen.set(start.key, { faultId: fault.id, value: start.value, allow });
    return 'armed';
  }

  /** Keeps the batches up to `kept`. When it `settles`, they are durable; otherwise all are kept. */
  #endBoot(kept: number, settles: boolean): PowerLoss {
    const lost = this.#journal.endBoot(kept, settles);
    for (const undo of lost.batches) {
      this.#takeBack(undo);
      for (const { key } of undo) this.#changed(key);
    }
    this.#bootFault = undefined;
    this.#ledger.crashed();
    return { lostBatches: lost.batches.length, lostAcknowledged: lost.acknowledged };
  }

  #flushFault(): StorageFault | undefined {
    if (this.#conditions.flushFails) return this.#crash('IO', isFlushError).fault;
    if (this.#usedBytes > this.#conditions.flushCapacityBytes)
      return this.#crash('FULL', isFullOnFlush).fault;
    return undefined;
  }

  #crash(kind: StorageFault['kind'], isCause: (fault: DiskFault) => boolean): StorageCrash {
    this.#note(isCause);
    return new StorageCrash({ kind });
  }

  #note(isCause: (fault: DiskFault) => boolean): void {
    for (const fault of this.#faults.values()) if (isCause(fault)) this.#fired.add(fault.id);
  }

  #corrupt(start: CorruptionStart): void {
    this.#fired.add(start.faultId);
    this.#ledger.begin(start);
  }
}

/** Entries of the keys that are there, up to the limit; reads no key beyond it. */
function collect(
  keys: Iterable<string>,
  limit: number,
  read: (key: string) => Uint8Array | undefined,
): readonly Entry[] {
  const found: Entry[] = [];
  for (const key of keys) {
    if (found.length >= limit) break;
    const value = read(key);
    if (value !== undefined) found.push({ key: textToKey(key), value });
  }
  return found;
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

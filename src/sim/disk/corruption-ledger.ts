/** Which keys of a disk read wrong, as what, and what became of each. */
import type { Corruption, CorruptionKind, CorruptionReport } from './disk.ts';
import { textToKey } from './key-text.ts';

/** One corruption, from its beginning on. */
interface CorruptionRecord {
  readonly faultId: string;
  readonly kind: CorruptionKind;
  readonly key: string;
  readonly shownAs: string | undefined;
  reads: number;
  /** Reads that were given bytes, and not that nothing is there. */
  valueReads: number;
  /** The event that read it last, and how often. */
  lastEvent: number;
  lastEventReads: number;
  lastEventValueReads: number;
  isDetected: boolean;
  ended: 'overwritten' | 'healed' | undefined;
}

/** What a key reads as; the value is undefined when it reads as absent. */
export interface WrongAnswer {
  readonly value: Uint8Array | undefined;
  readonly record: CorruptionRecord;
}

/** A corruption that begins. */
export interface CorruptionStart {
  readonly faultId: string;
  readonly kind: CorruptionKind;
  readonly key: string;
  readonly value: Uint8Array | undefined;
  /** The value stands under this key, and nothing under `key`. */
  readonly shownAs?: string;
}

/** The ledger of one disk. */
export interface CorruptionLedger {
  /** Keys that read wrong now. */
  readonly wrong: ReadonlyMap<string, WrongAnswer>;
  begin(start: CorruptionStart): void;
  /** Counts one wrong answer that the program was given. */
  noteRead(answer: WrongAnswer): void;
  /** The key holds something else now. */
  overwritten(key: string): void;
  overwrittenAll(): void;
  healed(faultId: string): void;
  detected(key: string): boolean;
  /** The boot ended; what the running event read is forgotten. */
  crashed(): void;
  scrub(check: (key: Uint8Array, value: Uint8Array | undefined) => boolean): void;
  report(): CorruptionReport;
}

/** @param currentEvent names the event that is running. */
export function createCorruptionLedger(currentEvent: () => number): CorruptionLedger {
  const records: CorruptionRecord[] = [];
  const wrong = new Map<string, WrongAnswer>();
  const falseAlarms: Uint8Array[] = [];

  function end(record: CorruptionRecord, how: 'overwritten' | 'healed'): void {
    record.ended = how;
    wrong.delete(record.key);
    if (record.shownAs !== undefined) wrong.delete(record.shownAs);
  }

  function endWhere(how: 'overwritten' | 'healed', isMeant: (record: CorruptionRecord) => boolean): void {
    for (const record of records) if (record.ended === undefined && isMeant(record)) end(record, how);
  }

  /** The one that the program most likely means: read and not named yet, latest first. */
  function find(key: string): CorruptionRecord | undefined {
    const named = records.filter((record) => record.key === key || record.shownAs === key);
    return (
      named.findLast((record) => record.reads > 0 && !record.isDetected) ??
      named.findLast((record) => !record.isDetected) ??
      named[0]
    );
  }

  return {
    wrong,
    begin({ faultId, kind, key, value, shownAs }) {
      const record: CorruptionRecord = {
        faultId,
        kind,
        key,
        shownAs,
        reads: 0,
        valueReads: 0,
        lastEvent: -1,
        lastEventReads: 0,
        lastEventValueReads: 0,
        isDetected: false,
        ended: undefined,
      };
      records.push(record);
      wrong.set(key, { record, value: shownAs === undefined ? value : undefined });
      if (shownAs !== undefined) wrong.set(shownAs, { record, value });
    },
    noteRead({ record, value }) {
      const event = currentEvent();
      if (record.lastEvent !== event) record.lastEventReads = record.lastEventValueReads = 0;
      record.lastEvent = event;
      record.lastEventReads++;
      record.reads++;
      if (value === undefined) return;
      record.lastEventValueReads++;
      record.valueReads++;
    },
    overwritten(key) {
      const answer = wrong.get(key);
      if (answer !== undefined) end(answer.record, 'overwritten');
    },
    overwrittenAll: () => endWhere('overwritten', () => true),
    healed: (faultId) => endWhere('healed', (record) => record.faultId === faultId),
    detected(key) {
      const record = find(key);
      if (record === undefined) falseAlarms.push(textToKey(key));
      else record.isDetected = true;
      return record !== undefined;
    },
    crashed() {
      const event = currentEvent();
      for (const record of records) {
        if (record.lastEvent !== event) continue;
        record.reads -= record.lastEventReads;
        record.valueReads -= record.lastEventValueReads;
        record.lastEvent = -1;
      }
    },
    scrub(check) {
      for (const [key, { record, value }] of wrong) {
        if (record.isDetected || record.reads > 0) continue;
        if (!check(textToKey(key), value)) record.isDetected = true;
      }
      for (const { record } of wrong.values()) if (record.reads === 0) record.reads = 1;
    },
    report: () => ({ corruptions: records.map(toCorruption), falseAlarms: [...falseAlarms] }),
  };
}

function toCorruption(record: CorruptionRecord): Corruption {
  return {
    faultId: record.faultId,
    kind: record.kind,
    key: textToKey(record.key),
    ...(record.shownAs === undefined ? {} : { shownAs: textToKey(record.shownAs) }),
    checkable: isCheckable(record),
    reads: record.reads,
    outcome: outcomeOf(record),
  };
}

function outcomeOf(record: CorruptionRecord): Corruption['outcome'] {
  if (record.isDetected) return 'detected';
  if (record.reads > 0) return 'undetected';
  return record.ended ?? 'neverRead';
}

/** A rotten key hides a value under another: who asked for the value alone was told that there is none. */
function isCheckable({ kind, valueReads }: CorruptionRecord): boolean {
  return kind === 'bitRotValue' || kind === 'misdirectedValue' || (kind === 'bitRotKey' && valueReads > 0);
}

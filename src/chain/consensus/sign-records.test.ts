import { describe, expect, it } from 'vitest';
import { unixMs } from '../../env/units.ts';
import { testAddress, testGenesis, testKey } from '../execution/test-chain.ts';
import { encodeBlock } from '../types/block-codec.ts';
import { amount } from '../types/units.ts';
import type { Consensus } from './consensus.ts';
import { defaultEngine } from './default-engine.ts';
import { encodeRoundRobinConfig, ROUND_ROBIN_NAME } from './round-robin/config.ts';
import { createRoundRobinRules, encodeTurn, producerAt, type RoundRobinView } from './round-robin/rules.ts';
import { RESTORED_MARGIN_MS, SIGN_RECORDS_KEPT, SignRecords } from './sign-records.ts';
import { TestClock, TestHost } from './test-host.ts';

const START_MS = 1_000_000;

/** A node of a chain with one producer, whose engine does nothing by itself. */
function node() {
  const consensus: Consensus<RoundRobinView> = {
    rules: createRoundRobinRules(),
    create: (host) =>
      defaultEngine(host, 'still', { onHead() {}, onStop() {}, status: () => ({ kind: 'idle' }) }),
  };
  const genesis = testGenesis({
    engine: ROUND_ROBIN_NAME,
    engineConfig: encodeRoundRobinConfig({ periodMs: 1_000, skipMs: 500, finalityDepth: 2 }),
    validators: [{ key: testKey(0), power: amount(1n) }],
  });
  const clock = new TestClock(START_MS);
  const host = new TestHost(genesis, consensus, { clock, beneficiary: testAddress(0), identity: testKey(0) });
  host.onSubmit = (block) => {
    expect(host.receive(block)).toBeUndefined();
  };
  const seal = (records: SignRecords<RoundRobinView>, isWanted = true, lateMs = 0) => {
    const head = host.head();
    const view = host.view(head.id);
    if (view === undefined) return;
    const consensus = encodeTurn({ skipped: 0, producer: producerAt(view, 0) });
    const timestampMs = unixMs(view.timestampMs + 1_000 + lateMs);
    records.seal(head, { timestampMs, consensus }, () => isWanted);
  };
  return { host, seal, records: new SignRecords(host, 'still') };
}

describe('sign records', () => {
  it('are durable before the block is sent, and hold it', () => {
    const { host, seal, records } = node();
    seal(records);
    expect(host.signed).toHaveLength(1);
    expect(host.submitted).toEqual([]);
    const [record] = host.records.values();
    host.flush();
    expect(host.submitted).toHaveLength(1);
    expect(record?.value).toEqual(host.submitted.map(encodeBlock)[0]);
    expect(record?.key).toHaveLength(8 + 32);
  });

  it('keep back a block that is no longer wanted when its record is durable', () => {
    const { host, seal, records } = node();
    seal(records, false);
    host.flush();
    expect([host.records.size, host.submitted.length]).toEqual([1, 0]);
  });

  it('let nobody sign a second block on a parent: neither meanwhile, nor later, nor after a restart', () => {
    const { host, seal, records } = node();
    seal(records, false);
    seal(records, true, 1);
    host.flush();
    expect([host.signed.length, host.submitted.length]).toEqual([1, 0]);
    seal(new SignRecords(host, 'still'), true, 2);
    expect([host.signed.length, host.submitted.length]).toEqual([1, 1]);
    expect(host.submitted[0]?.header.timestampMs).toBe(START_MS + 1_000);
    expect(host.head().header.height).toBe(1);
  });

  it('that cannot be read are records: nothing is signed and nothing sent', () => {
    const { host, seal, records } = node();
    seal(records, false);
    host.flush();
    for (const [key, entry] of host.records) host.records.set(key, { ...entry, value: new Uint8Array(3) });
    seal(new SignRecords(host, 'still'));
    host.flush();
    expect([host.signed.length, host.submitted.length]).toEqual([1, 0]);
  });

  it('are not written where no block could be built, which may be tried again', () => {
    const { host, seal, records } = node();
    host.isBuilding = false;
    seal(records);
    expect([host.records.size, host.signed.length]).toEqual([0, 0]);
    host.isBuilding = true;
    seal(records);
    host.flush();
    expect(host.head().header.height).toBe(1);
  });

  it('are as many as are kept, the newest', () => {
    const { host, seal, records } = node();
    for (let i = 0; i < SIGN_RECORDS_KEPT + 5; i++) {
      seal(records);
      host.flush();
    }
    expect(host.head().header.height).toBe(SIGN_RECORDS_KEPT + 5);
    expect(host.records.size).toBe(SIGN_RECORDS_KEPT + 1);
  });

  it('of a restored folder are not all: no parent from before the restore is signed on, nor one of the same moment', () => {
    const { host, seal } = node();
    host.restoredMs = unixMs(START_MS);
    const records = new SignRecords(host, 'still');
    seal(records);
    host.flush();
    expect([host.signed.length, host.records.size]).toEqual([0, 0]);
    // Another signs the block after it, late enough: no earlier life of this key can have signed on that.
    const earlier = host.restoredMs;
    host.restoredMs = undefined;
    seal(new SignRecords(host, 'another'), true, RESTORED_MARGIN_MS);
    host.flush();
    host.restoredMs = earlier;
    expect(host.head().header.timestampMs).toBe(START_MS + 1_000 + RESTORED_MARGIN_MS);
    seal(records);
    host.flush();
    expect([host.signed.length, host.head().header.height]).toEqual([2, 2]);
  });

  it('of a restored folder are sent again where they are there', () => {
    const { host, seal, records } = node();
    seal(records, false);
    host.flush();
    host.restoredMs = unixMs(START_MS + 60_000);
    seal(new SignRecords(host, 'still'));
    expect([host.signed.length, host.submitted.length]).toEqual([1, 1]);
  });
});

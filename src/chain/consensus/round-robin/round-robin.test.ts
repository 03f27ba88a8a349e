import { etc, getPublicKey, hashes, sign, verify } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../../../env/bytes.ts';
import { unixMs } from '../../../env/units.ts';
import { taggedBytes } from '../../crypto/sha256.ts';
import { TAG } from '../../crypto/tags.ts';
import { testAddress, testGenesis, testKey } from '../../execution/test-chain.ts';
import type { Block, Header } from '../../types/block.ts';
import { blockId, headerSignBytes } from '../../types/header-codec.ts';
import { isRejection } from '../../types/rejection.ts';
import { amount, hash, height, publicKey, weight } from '../../types/units.ts';
import { SIGN_RECORDS_KEPT } from '../sign-records.ts';
import { TestClock, TestHost } from '../test-host.ts';
import { decodeRoundRobinConfig, encodeRoundRobinConfig, ROUND_ROBIN_NAME } from './config.ts';
import { createRoundRobin } from './engine.ts';
import type { RoundRobinView } from './rules.ts';
import { createRoundRobinRules, encodeTurn, producerAt } from './rules.ts';

hashes.sha512 = sha512;

const CONFIG = { periodMs: 5_000, skipMs: 2_000, finalityDepth: 4 };
const START_MS = 1_000_000;

function genesis(count: number) {
  const validators = Array.from({ length: count }, (_, i) => ({ key: testKey(i), power: amount(1n) }));
  return testGenesis({ engine: ROUND_ROBIN_NAME, engineConfig: encodeRoundRobinConfig(CONFIG), validators });
}

/** `count` producers whose blocks reach each other at once, unless `isUp` says no. */
function cluster(count: number) {
  const clock = new TestClock(START_MS);
  const hosts = Array.from(
    { length: count },
    (_, i) =>
      new TestHost(genesis(count), createRoundRobin(), {
        clock,
        beneficiary: testAddress(i),
        identity: testKey(i),
      }),
  );
  const down = new Set<number>();
  for (const [from, host] of hosts.entries()) {
    host.onSubmit = (block) => {
      for (const [to, other] of hosts.entries()) {
        if (down.has(from) || down.has(to)) continue;
        expect(other.receive(block)).toBeUndefined();
      }
    };
  }
  const run = (durationMs: number) => {
    for (let at = 0; at < durationMs; at += 100) {
      clock.advance(100);
      for (const [i, host] of hosts.entries()) if (!down.has(i)) host.flush();
    }
  };
  const start = () => {
    for (const host of hosts) host.engine.onStart();
  };
  return { hosts, clock, down, run, start };
}

function producers(blocks: readonly Block[]): readonly number[] {
  return blocks.slice(1).map(({ header }) => Number.parseInt(header.consensus.slice(4, 8), 16));
}

describe('round-robin', () => {
  it('lets producers take turns by height, one block a period', () => {
    const { hosts, run, start } = cluster(3);
    start();
    run(31_000);
    const blocks = hosts[0]?.chain() ?? [];
    expect(producers(blocks)).toEqual([1, 2, 0, 1, 2, 0]);
    expect(blocks.map(({ header }) => header.timestampMs - START_MS)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((turn) => turn * 5_000),
    );
    expect(new Set(hosts.map((host) => host.head().id)).size).toBe(1);
  });

  it('passes the turn of a crashed producer to the next, for less weight', () => {
    const { hosts, run, start, down } = cluster(3);
    start();
    down.add(2);
    run(40_000);
    const blocks = hosts[0]?.chain() ?? [];
    expect(producers(blocks).slice(0, 4)).toEqual([1, 0, 0, 1]);
    const skipped = blocks.slice(1).map(({ header }) => Number.parseInt(header.consensus.slice(0, 4), 16));
    expect(skipped.slice(0, 4)).toEqual([0, 1, 0, 0]);
    expect(hosts[0]?.head().weight).toBe(hosts[1]?.head().weight);
    expect(BigInt(`0x${hosts[0]?.head().weight}`)).toBe(skipped.reduce((sum, s) => sum + 3n - BigInt(s), 0n));
  });

  it('stays live with one producer of five', () => {
    const { hosts, run, start, down } = cluster(5);
    start();
    for (const i of [0, 1, 2, 4]) down.add(i);
    run(120_000);
    expect(hosts[3]?.head().header.height).toBeGreaterThan(8);
  });

  it('joins again after a partition on the branch of more weight', () => {
    const { hosts, run, start, down } = cluster(3);
    start();
    down.add(2);
    run(60_000);
    const alone = hosts[2];
    const [first] = hosts;
    down.clear();
    for (const block of first?.chain().slice(1) ?? []) expect(alone?.receive(block)).toBeUndefined();
    expect(alone?.head().id).toBe(first?.head().id);
    run(30_000);
    expect(new Set(hosts.map((host) => host.head().id)).size).toBe(1);
  });

  it('says whose turn it is', () => {
    const { hosts, start } = cluster(3);
    start();
    expect(hosts[0]?.engine.status()).toEqual({
      kind: 'waiting',
      height: 1,
      turnOf: testKey(1),
      producers: 3,
    });
  });
});

describe('a producer', () => {
  it('submits only when its sign record is durable', () => {
    const { hosts, clock, start } = cluster(1);
    const [host] = hosts;
    start();
    clock.advance(5_000);
    expect(host?.signed).toHaveLength(1);
    expect(host?.submitted).toEqual([]);
    host?.flush();
    expect(host?.submitted).toHaveLength(1);
  });

  it('does not submit what it recorded on a head that is no longer the head', () => {
    const { hosts, clock, start } = cluster(2);
    const [first, second] = hosts;
    start();
    clock.advance(7_000);
    expect(first?.signed).toHaveLength(1);
    second?.flush();
    first?.flush();
    expect(second?.submitted).toHaveLength(1);
    expect(first?.submitted).toEqual([]);
    expect(first?.head().id).toBe(second?.head().id);
  });

  it('never signs twice on one parent: after a restart it submits the block that it recorded', () => {
    const { hosts, clock, start } = cluster(1);
    const [host] = hosts;
    if (host === undefined) return expect.fail();
    start();
    clock.advance(5_000);
    host.restart();
    clock.advance(1);
    expect(host.signed).toHaveLength(1);
    expect(host.submitted).toHaveLength(1);
    expect(host.submitted[0]?.header.timestampMs).toBe(START_MS + 5_000);
    expect(host.head().header.height).toBe(1);
  });

  it('does not sign again, nor submit before the flush, when its head comes back meanwhile', () => {
    const { hosts, clock, start } = cluster(1);
    const [host] = hosts;
    start();
    clock.advance(5_000);
    host?.engine.onHead(host.head());
    clock.advance(5_000);
    expect(host?.signed).toHaveLength(1);
    expect(host?.submitted).toEqual([]);
    host?.flush();
    expect(host?.submitted).toHaveLength(1);
  });

  it('keeps so many sign records and no more', () => {
    const { hosts, run, start } = cluster(1);
    start();
    run((SIGN_RECORDS_KEPT + 20) * 5_200);
    expect(hosts[0]?.head().header.height).toBeGreaterThan(SIGN_RECORDS_KEPT + 5);
    expect(hosts[0]?.records.size).toBe(SIGN_RECORDS_KEPT + 1);
  });

  it('that is no validator only follows', () => {
    const clock = new TestClock(START_MS);
    const host = new TestHost(genesis(2), createRoundRobin(), {
      clock,
      beneficiary: testAddress(7),
      identity: testKey(7),
    });
    host.engine.onStart();
    expect(clock.pending).toEqual([]);
  });

  it('waits again when the wall clock went back while it waited', () => {
    const clock = new TestClock(START_MS);
    let backMs = 0;
    const stepping = Object.assign(Object.create(clock), {
      wallMs: () => unixMs(START_MS + clock.nowMs - backMs),
      setTimer: clock.setTimer.bind(clock),
    }) as TestClock;
    const host = new TestHost(genesis(1), createRoundRobin(), {
      clock: stepping,
      beneficiary: testAddress(0),
      identity: testKey(0),
    });
    host.engine.onStart();
    backMs = 3_000;
    clock.advance(5_000);
    expect(host.signed).toEqual([]);
    clock.advance(3_000);
    expect(host.signed).toHaveLength(1);
  });
});

describe('the rules of round-robin', () => {
  const rules = createRoundRobinRules();
  const start = rules.genesis(genesis(3));
  if (isRejection(start)) throw new Error(start.field);
  const { view } = start;

  function header(skipped: number, overrides: Partial<Header> = {}): Header {
    const host = cluster(3).hosts[0] as TestHost<RoundRobinView>;
    const turn = { skipped, producer: producerAt(view, skipped) };
    return {
      ...host.head().header,
      height: height(1),
      parent: host.head().id,
      timestampMs: unixMs(START_MS + 5_000 + skipped * 2_000),
      consensus: bytesToHex(encodeTurn(turn)),
      seal: '5a'.repeat(64),
      ...overrides,
    };
  }

  it('take a block at the first moment of its turn, and not a millisecond before', () => {
    for (const skipped of [0, 1, 2]) {
      const good = header(skipped);
      expect(isRejection(rules.advance(view, good))).toBe(false);
      const early = { ...good, timestampMs: unixMs(good.timestampMs - 1) };
      expect(rules.advance(view, early)).toMatchObject({ code: 'TIMESTAMP_TOO_EARLY' });
    }
  });

  it('refuse the wrong producer, turn, height and form', () => {
    const other = bytesToHex(encodeTurn({ skipped: 0, producer: testKey(2) }));
    expect(rules.advance(view, header(0, { consensus: other }))).toMatchObject({ code: 'WRONG_PRODUCER' });
    const round = bytesToHex(encodeTurn({ skipped: 3, producer: testKey(1) }));
    expect(rules.advance(view, header(0, { consensus: round }))).toMatchObject({
      code: 'BAD_CONSENSUS_FIELD',
    });
    expect(rules.advance(view, header(0, { consensus: '00' }))).toMatchObject({
      code: 'BAD_CONSENSUS_FIELD',
    });
    expect(rules.advance(view, header(0, { height: height(2) }))).toMatchObject({ code: 'WRONG_HEIGHT' });
    expect(rules.advance(view, header(0, { seal: '' }))).toMatchObject({ code: 'BAD_SEAL' });
  });

  it('name the signature that the seal is, over the header without it', () => {
    const secret = etc.hexToBytes('11'.repeat(32));
    const key = publicKey(bytesToHex(getPublicKey(secret)));
    const unsealed = header(0, {
      consensus: bytesToHex(encodeTurn({ skipped: 0, producer: key })),
      seal: '',
    });
    const sealed = {
      ...unsealed,
      seal: bytesToHex(sign(taggedBytes(TAG.signSeal, headerSignBytes(unsealed)), secret)),
    };
    const isValid = (of: Header) =>
      rules.sealItems(of).map((item) => verify(item.signature, item.message, item.publicKey));
    expect(isValid(sealed)).toEqual([true]);
    expect(isValid({ ...sealed, timestampMs: unixMs(1) })).toEqual([false]);
    expect(isValid({ ...sealed, consensus: header(1).consensus })).toEqual([false]);
    expect(rules.sealItems({ ...sealed, consensus: '' })).toEqual([]);
    expect(rules.sealItems({ ...sealed, seal: '00' })).toEqual([]);
  });

  it('order all branches: more weight, then the lower id', () => {
    const base = { id: blockId(header(0)), header: header(0), weight: weight('00000000000000ff') };
    const heavy = { ...base, weight: weight('0000000000000100') };
    expect(rules.compare(base, heavy)).toBe(-1);
    expect(rules.compare(heavy, base)).toBe(1);
    const low = { ...base, id: hash('00'.repeat(32)) as typeof base.id };
    expect(rules.compare(base, low)).toBe(-1);
    expect(rules.compare(low, base)).toBe(1);
    expect(rules.compare(low, low)).toBe(0);
  });

  it('bring a view back from its bytes', () => {
    const next = rules.advance(view, header(1));
    if (isRejection(next)) throw new Error(next.code);
    expect(rules.decodeView(rules.encodeView(next))).toEqual(next);
    expect(rules.decodeView(rules.encodeView({ ...view, producers: [] }))).toMatchObject({
      code: 'BAD_FIELD',
    });
    expect(rules.decodeView(new Uint8Array(3))).toMatchObject({ code: 'TRUNCATED' });
  });

  it('need a validator, and a period, a wait and a depth of at least 1', () => {
    expect(rules.genesis({ ...genesis(3), validators: [] })).toMatchObject({ field: 'validators' });
    for (const field of ['periodMs', 'skipMs', 'finalityDepth']) {
      const text = encodeRoundRobinConfig({ ...CONFIG, [field]: 0 });
      expect(decodeRoundRobinConfig(text)).toEqual({ code: 'BAD_CONFIG', field, expected: 'at least 1' });
    }
    expect(decodeRoundRobinConfig('00')).toMatchObject({ field: 'engineConfig' });
    expect(hexToBytes(encodeRoundRobinConfig(CONFIG))).toHaveLength(12);
  });
});

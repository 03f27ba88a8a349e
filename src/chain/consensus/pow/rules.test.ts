import { describe, expect, it } from 'vitest';
import { bytesToHex, compareBytes } from '../../../env/bytes.ts';
import { unixMs } from '../../../env/units.ts';
import { sha256 } from '../../crypto/sha256.ts';
import { TestChain, testAddress, testGenesis, withSeal } from '../../execution/test-chain.ts';
import { readAccount } from '../../state/accounts.ts';
import type { Block, Header } from '../../types/block.ts';
import { blockId, headerSignBytes } from '../../types/header-codec.ts';
import { isRejection } from '../../types/rejection.ts';
import { amount, hash, height, SUPPLY_MAX, type Weight, weight } from '../../types/units.ts';
import { encodePowConfig, POW_NAME, type PowConfig } from './config.ts';
import { createPowRules } from './rules.ts';
import { searchNonce, workHash } from './search.ts';
import {
  addWork,
  hexToTarget,
  NO_WORK,
  scaledTarget,
  TARGET_MAX,
  targetToBytes,
  targetToHex,
  workOf,
} from './target.ts';
import { MEDIAN_SPAN, medianTimestamp, type PowView } from './view.ts';

const EASY = hash(`0f${'ff'.repeat(31)}`);
const CONFIG: PowConfig = {
  difficulty: { kind: 'asert', intervalMs: 10_000, halfLifeMs: 60_000 },
  initialTarget: EASY,
  powLimit: hash('ff'.repeat(32)),
  powScale: amount(1n),
  finalityDepth: 2,
  issuance: [{ height: height(1), reward: amount(50n) }],
};

function powChain(overrides: Partial<PowConfig> = {}, balance = 1_000n): TestChain<PowView> {
  const engineConfig = encodePowConfig({ ...CONFIG, ...overrides });
  return new TestChain(testGenesis({ engine: POW_NAME, engineConfig }, 1, balance), createPowRules());
}

function seal(chain: TestChain<PowView>, block: Block): Block {
  const { nextTarget, chain: facts } = chain.view;
  const job = {
    headerBytes: headerSignBytes(block.header),
    checkTarget: scaledTarget(nextTarget, facts.config.powScale),
  };
  const found = searchNonce(job, 0n, 100_000, sha256);
  if (found === undefined) throw new Error('no nonce among 100,000');
  return withSeal(block, found);
}

function mined(chain: TestChain<PowView>, stepMs = 10_000): Block {
  return seal(chain, chain.build([], 9, targetToBytes(chain.view.nextTarget), stepMs));
}

function judge(chain: TestChain<PowView>, header: Header) {
  return chain.context.rules.advance(chain.view, header);
}

describe('the seal', () => {
  it('is 8 bytes whose work hash, over the header without it, is at most the target', () => {
    const chain = powChain();
    const block = mined(chain);
    const bytes = Uint8Array.from(block.header.seal.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    const own = workHash(headerSignBytes(block.header), bytes, sha256);
    expect(compareBytes(own, targetToBytes(hexToTarget(EASY)))).toBeLessThanOrEqual(0);
    expect(bytesToHex(own)).not.toBe(blockId(block.header));
    expect(isRejection(judge(chain, block.header))).toBe(false);
  });

  it('is refused when it misses the target, or has another length', () => {
    const chain = powChain({ initialTarget: hash(`0000${'ff'.repeat(30)}`) });
    const block = chain.build([], 9, targetToBytes(chain.view.nextTarget));
    for (const wrong of ['', '00', '00'.repeat(8), '00'.repeat(9)]) {
      expect(judge(chain, { ...block.header, seal: wrong })).toMatchObject({ code: 'BAD_SEAL' });
    }
  });

  it('belongs to one header: another beneficiary cannot take it', () => {
    const chain = powChain({ initialTarget: hash(`000f${'ff'.repeat(30)}`) });
    const { header } = mined(chain);
    expect(isRejection(judge(chain, header))).toBe(false);
    expect(judge(chain, { ...header, beneficiary: testAddress(3) })).toMatchObject({ code: 'BAD_SEAL' });
  });

  it('is held against target × powScale, work against the target alone', () => {
    const hard = hash(`0000000f${'ff'.repeat(28)}`);
    const chain = powChain({ initialTarget: hard, powScale: amount(2n ** 24n) });
    const { header } = mined(chain);
    expect(isRejection(judge(chain, header))).toBe(false);
    expect(hexToTarget(chain.context.rules.weigh(NO_WORK, chain.view, header))).toBe(
      workOf(hexToTarget(hard)),
    );
    expect(scaledTarget(hexToTarget(hard), 2n ** 60n)).toBe(TARGET_MAX);
  });
});

describe('searchNonce', () => {
  const job = { headerBytes: new Uint8Array(10), checkTarget: 0n };
  it('tries so many nonces and no more', () => {
    let hashes = 0;
    const counting = (bytes: Uint8Array) => {
      hashes++;
      return sha256(bytes);
    };
    expect(searchNonce(job, 5n, 37, counting)).toBeUndefined();
    expect(hashes).toBe(37);
  });

  it('takes a hash that is the target itself, and none that is one more', () => {
    const checkTarget = 5n;
    const answering = (value: number) => () =>
      Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? value : 0));
    expect(searchNonce({ ...job, checkTarget }, 7n, 1, answering(5))).toEqual(
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 7),
    );
    expect(searchNonce({ ...job, checkTarget }, 7n, 1, answering(6))).toBeUndefined();
  });

  it('goes on behind 2^64 - 1 with 0, and carries at 2^32', () => {
    const seen: string[] = [];
    const watching = (bytes: Uint8Array) => {
      seen.push(bytesToHex(bytes.slice(-8)));
      return new Uint8Array(32).fill(255);
    };
    searchNonce(job, 2n ** 64n - 1n, 2, watching);
    searchNonce(job, 2n ** 32n - 1n, 2, watching);
    expect(seen).toEqual(['ffffffffffffffff', '0000000000000000', '00000000ffffffff', '0000000100000000']);
  });
});

describe('a header', () => {
  it('states the target that ASERT gives it, and no other', () => {
    const chain = powChain();
    chain.append(mined(chain, 70_000));
    // One interval and a half-life after genesis: the second target is twice the first.
    expect(chain.view.nextTarget).toBe((hexToTarget(EASY) << 1n) | 0n);
    const block = mined(chain);
    expect(judge(chain, { ...block.header, consensus: EASY })).toMatchObject({
      code: 'WRONG_TARGET',
      stated: EASY,
      expected: targetToHex(chain.view.nextTarget),
    });
    expect(judge(chain, { ...block.header, consensus: '00' })).toMatchObject({ code: 'BAD_CONSENSUS_FIELD' });
    expect(judge(chain, { ...block.header, height: height(9) })).toMatchObject({
      code: 'WRONG_HEIGHT',
      expected: 2,
    });
  });

  it('states the first target for ever when the difficulty is constant', () => {
    const chain = powChain({ difficulty: { kind: 'constant' } });
    for (const stepMs of [1, 1_000_000, 5]) chain.append(mined(chain, stepMs));
    expect(targetToHex(chain.view.nextTarget)).toBe(EASY);
  });

  it('is later than the median of the last 11, not than its parent', () => {
    const chain = powChain({ difficulty: { kind: 'constant' } });
    for (const stepMs of [5_000, 5_000, 50_000, 1]) chain.append(mined(chain, stepMs));
    const times = [0, 5_000, 10_000, 60_000, 60_001].map((offset) => 1_000_000 + offset);
    expect(chain.view.timestamps).toEqual(times);
    expect(medianTimestamp(chain.view)).toBe(1_010_000);
    const at = (timestampMs: number) => {
      const block = chain.build([], 9, targetToBytes(chain.view.nextTarget));
      return seal(chain, { ...block, header: { ...block.header, timestampMs: unixMs(timestampMs) } }).header;
    };
    expect(judge(chain, at(1_010_000))).toEqual({
      code: 'TIMESTAMP_TOO_EARLY',
      timestampMs: 1_010_000,
      after: 1_010_000,
    });
    expect(isRejection(judge(chain, at(1_010_001)))).toBe(false);
  });

  it('is later than the later of two middle ones', () => {
    const chain = powChain({ difficulty: { kind: 'constant' } });
    expect(medianTimestamp(chain.view)).toBe(1_000_000);
    chain.append(mined(chain, 700));
    expect(medianTimestamp(chain.view)).toBe(1_000_700);
  });

  it('looks back no further than 11 blocks', () => {
    const chain = powChain({ difficulty: { kind: 'constant' } });
    for (let i = 0; i < 15; i++) chain.append(mined(chain, 1_000));
    expect(chain.view.timestamps).toHaveLength(MEDIAN_SPAN);
    expect(medianTimestamp(chain.view)).toBe(1_010_000);
  });
});

describe('weight', () => {
  const at = (value: Weight) => ({
    id: blockId(powChain().header),
    header: powChain().header,
    weight: value,
  });

  it('is the sum of floor(2^256 / (target + 1))', () => {
    expect(workOf(TARGET_MAX)).toBe(1n);
    expect(workOf(0n)).toBe(TARGET_MAX + 1n);
    expect(workOf((1n << 255n) - 1n)).toBe(2n);
    expect(addWork(addWork(NO_WORK, (1n << 255n) - 1n), TARGET_MAX)).toBe('03'.padStart(64, '0'));
  });

  it('decides, and equal weights leave the first seen', () => {
    const rules = createPowRules();
    const light = at(weight('01'.padStart(64, '0')));
    const heavy = at(weight('0100'.padStart(64, '0')));
    expect(rules.compare(light, heavy)).toBe(-1);
    expect(rules.compare(heavy, light)).toBe(1);
    expect(rules.compare(heavy, { ...heavy })).toBe(0);
  });
});

describe('issuance', () => {
  it('goes to the beneficiary of each block, and is counted', () => {
    const chain = powChain();
    chain.append(mined(chain));
    const { supply, state } = chain.append(mined(chain));
    expect(readAccount(state, testAddress(9)).balance).toBe(100n);
    expect(supply).toEqual({ genesis: 1_000n, issued: 100n, burnt: 0n });
  });

  it('ends where the supply ends, and the chain goes on', () => {
    const chain = powChain({}, SUPPLY_MAX - 70n);
    const rewards = [1, 2, 3].map(() => chain.append(mined(chain)).effects[1].issued);
    expect(rewards).toEqual([50n, 20n, 0n]);
  });
});

describe('finality', () => {
  it('is so many blocks below the head, and never below genesis', () => {
    const chain = powChain();
    const { rules } = chain.context;
    const nowhere = { idAt: () => undefined, headerOf: () => undefined };
    const finality = () =>
      rules.finality(
        { id: blockId(chain.header), header: chain.header, weight: NO_WORK },
        nowhere,
        chain.view,
      );
    const seen = [finality().final];
    for (let i = 0; i < 3; i++) {
      chain.append(mined(chain));
      seen.push(finality().final);
    }
    expect(seen).toEqual([0, 0, 0, 1]);
    expect(finality()).toEqual({ final: 1, acknowledged: 1, kind: 'depth' });
  });
});

describe('a view', () => {
  it('comes back from its bytes at every height', () => {
    const chain = powChain();
    const { rules } = chain.context;
    for (let i = 0; i < 13; i++) {
      expect(rules.decodeView(rules.encodeView(chain.view))).toEqual(chain.view);
      chain.append(mined(chain));
    }
  });

  it('is not read from bytes that no view encodes to', () => {
    const chain = powChain();
    const { rules } = chain.context;
    const bytes = rules.encodeView(chain.view);
    expect(rules.decodeView(bytes.subarray(1))).toHaveProperty('code');
    expect(rules.decodeView(Uint8Array.of(...bytes, 0))).toMatchObject({ code: 'TRAILING_BYTES' });
    const tooFew = rules.encodeView({ ...chain.view, height: height(3) });
    expect(rules.decodeView(tooFew)).toMatchObject({ code: 'BAD_FIELD' });
  });
});

describe('genesis', () => {
  it('is refused with the field that is wrong', () => {
    const rules = createPowRules();
    expect(rules.genesis(testGenesis({ engineConfig: '00' }))).toMatchObject({
      code: 'BAD_CONFIG',
      field: 'engineConfig',
    });
  });

  it('holds neither signatures nor certificates to check', () => {
    const chain = powChain();
    const { rules } = chain.context;
    expect(rules.sealItems(mined(chain).header)).toEqual([]);
    expect(rules.checkCertificate(chain.view, chain.header, new Uint8Array(0))).toBeUndefined();
    expect(rules.checkCertificate(chain.view, chain.header, Uint8Array.of(1))).toMatchObject({
      code: 'BAD_CERTIFICATE',
    });
  });
});

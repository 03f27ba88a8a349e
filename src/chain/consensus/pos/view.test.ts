import { describe, expect, it } from 'vitest';
import { isDecodeRejection } from '../../../env/network.ts';
import { unixMs } from '../../../env/units.ts';
import { testKey } from '../../execution/test-chain.ts';
import { isRejection } from '../../types/rejection.ts';
import { amount, height, publicKey } from '../../types/units.ts';
import { VALIDATORS_MAX } from './commit.ts';
import {
  type EvidenceWindow,
  genesisWindow,
  isTooOld,
  moveWindow,
  reseat,
  SEATS_MAX,
  seatAt,
  seatCount,
} from './evidence-window.ts';
import { changeValidators, createValidatorSet, nextTurn } from './proposer-priority.ts';
import { PosTestChain, posTestConfig, posTestGenesis, testEvidence } from './test-chain.ts';
import { TOTAL_POWER_MAX } from './validator-set.ts';
import type { PosView } from './view.ts';

function viewAfter(blocks: number): { readonly chain: PosTestChain; readonly view: PosView } {
  const chain = new PosTestChain(posTestGenesis([4_000n, 3_000n, 2_000n]));
  chain.run(blocks);
  return { chain, view: chain.view };
}

describe('the view of a chain with stake', () => {
  it('reads back what was written, at genesis, between two steps and after evidence', () => {
    const { chain } = viewAfter(3);
    chain.append({ evidence: [testEvidence(1, 3)], transactions: [chain.stake(5, 1_000n)] });
    const { rules, view } = chain;
    const advanced = rules.advance(view, chain.build().header);
    if (isRejection(advanced)) throw new Error(advanced.code);
    for (const one of [viewAfter(0).view, view, advanced]) {
      expect(rules.decodeView(rules.encodeView(one))).toEqual(one);
    }
    expect(view.window.seated.filter(({ isTombstoned }) => isTombstoned)).toEqual([]);
    expect(view.window.left).toEqual([{ key: testKey(1), from: 1, until: 5, isTombstoned: true }]);
  });

  it('goes on from its bytes as it would have gone on', () => {
    const { chain } = viewAfter(4);
    chain.append({ transactions: [chain.stake(5, 1_500n), chain.unstake(2, 2_000n)] });
    const again = chain.rules.decodeView(chain.rules.encodeView(chain.view));
    if (isDecodeRejection(again)) throw new Error(again.detail);
    const block = chain.build();
    const first = chain.execute(block);
    chain.view = again;
    const second = chain.execute(block);
    if (isRejection(first) || isRejection(second)) throw new Error('the block is valid');
    expect(chain.rules.encodeView(second.view)).toEqual(chain.rules.encodeView(first.view));
  });

  it.each<[string, (view: PosView) => PosView]>([
    ['no last set above genesis', (view) => ({ ...view, last: undefined })],
    ['a last set at genesis', (view) => ({ ...view, height: height(0) })],
    ['a member without a seat', (view) => ({ ...view, window: { ...view.window, seated: [] } })],
    ['a wrong configuration', (view) => ({ ...view, config: { ...view.config, slashPermille: 0 } })],
  ])('is not one with %s', (_name, spoil) => {
    const { chain, view } = viewAfter(2);
    expect(chain.rules.decodeView(chain.rules.encodeView(spoil(view)))).toMatchObject({ code: 'BAD_FIELD' });
  });

  it('fits with 512 validators in three sets and a full window', () => {
    const { chain, view } = viewAfter(1);
    const keyOf = (index: number) => publicKey(`${index.toString(16).padStart(8, '0')}${'5a'.repeat(27)}00`);
    const set = createValidatorSet(
      Array.from({ length: VALIDATORS_MAX }, (_, index) => ({
        key: keyOf(index),
        power: amount(TOTAL_POWER_MAX / 512n),
      })),
    );
    const { seated } = genesisWindow(set, unixMs(0));
    const left = Array.from({ length: SEATS_MAX - VALIDATORS_MAX }, (_, index) => ({
      key: keyOf(1_000 + index),
      from: height(1),
      until: height(2),
      isTombstoned: true,
    }));
    const marks = Array.from({ length: 68 }, (_, index) => ({
      height: height(index),
      timestampMs: unixMs(index),
    }));
    const full = { ...view, last: set, current: set, next: set, window: { seated, left, marks } };
    const bytes = chain.rules.encodeView(full);
    expect(bytes.length).toBe(171_203);
    expect(chain.rules.decodeView(bytes)).toEqual(full);
    const over = { ...full, window: { ...full.window, left: [...left, ...left.slice(0, 1)] } };
    expect(isDecodeRejection(chain.rules.decodeView(chain.rules.encodeView(over)))).toBe(true);
  });
});

describe('the evidence window', () => {
  const set = createValidatorSet([0, 1].map((index) => ({ key: testKey(index), power: amount(10n) })));

  /** A window after so many blocks, `gapMs` apart, of a configuration. */
  function windowAfter(blocks: number, gapMs: number, evidenceBlocks: number, evidenceMs: number) {
    const config = posTestConfig({ evidenceBlocks, evidenceMs });
    let window = genesisWindow(set, unixMs(0));
    let most = 0;
    for (let at = 1; at <= blocks; at++) {
      window = moveWindow(window, { config, height: height(at), timestampMs: unixMs(at * gapMs) });
      most = Math.max(most, window.marks.length);
    }
    const now = { config, height: height(blocks), timestampMs: unixMs(blocks * gapMs) };
    const oldest = Array.from({ length: blocks }, (_, index) => index + 1).find(
      (at) => !isTooOld(window.marks, now, height(at)),
    );
    return { window, oldest: blocks - (oldest ?? blocks), most };
  }

  it('is as long as the longer of blocks and time asks, to a 64th part', () => {
    // Counted in blocks it is exact; what was signed at a height is as old as the block before.
    expect(windowAfter(500, 1_000, 100, 50_000).oldest).toBe(100);
    expect(windowAfter(500, 1_000, 100, 200_000)).toMatchObject({ oldest: 199 });
    expect(windowAfter(500, 1_000, 60, 60_000).oldest).toBe(60);
    expect(windowAfter(3_000, 10, 100, 20_000).oldest).toBeGreaterThan(2_000 - 2_000 / 32 - 2);
    expect(windowAfter(3_000, 10, 100, 20_000).oldest).toBeLessThan(2_000);
    expect(windowAfter(50, 0, 10, 10).oldest).toBe(49);
  });

  it('keeps a bounded number of times, however fast or slow blocks are', () => {
    for (const gapMs of [0, 1, 10, 1_000, 100_000]) {
      for (const [blocks, ms] of [
        [1_000, 100_000],
        [10, 1_000_000],
        [1_000, 10],
        [0, 0],
      ] as const) {
        expect(windowAfter(3_000, gapMs, blocks, ms).most).toBeLessThanOrEqual(68);
      }
    }
  });

  it('knows seats by height, also of who left and came back', () => {
    let window: EvidenceWindow = genesisWindow(set, unixMs(0));
    const without = nextTurn(changeValidators(set, [{ key: testKey(1), power: amount(0n) }]));
    window = reseat(window, without, height(5), []);
    const back = nextTurn(changeValidators(without, [{ key: testKey(1), power: amount(3n) }]));
    window = reseat(window, back, height(8), []);
    const seats = Array.from({ length: 10 }, (_, at) => seatAt(window, testKey(1), height(at)) !== undefined);
    expect(seats).toEqual([false, true, true, true, true, false, false, false, true, true]);
    expect(seatCount(window)).toBe(3);
    const judged = reseat(window, back, height(9), [testKey(1)]);
    expect(seatAt(judged, testKey(1), height(2))?.isTombstoned).toBe(true);
    expect(seatAt(judged, testKey(1), height(9))?.isTombstoned).toBe(true);
    expect(seatAt(judged, testKey(0), height(9))?.isTombstoned).toBe(false);
  });

  it('forgets who left when the last height of the seat is too old', () => {
    const chain = new PosTestChain(posTestGenesis([4_000n, 3_000n]));
    chain.append({ transactions: [chain.unstake(1, 3_000n)] });
    expect(chain.view.window.left).toMatchObject([{ key: testKey(1), until: 2 }]);
    // Four blocks and four seconds: height 2 is five blocks old at height 7, and signed six seconds before it.
    chain.run(5);
    expect(chain.view.window.left).toHaveLength(1);
    chain.append();
    expect(chain.view.window.left).toEqual([]);
    expect(chain.view.window.seated).toMatchObject([{ key: testKey(0), from: 1 }]);
  });
});

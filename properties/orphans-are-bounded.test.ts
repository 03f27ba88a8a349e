import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../src/chain/node-config.ts';
import { BlockIntake } from '../src/chain/node-intake.ts';
import { RecentSet } from '../src/chain/peers/recent-set.ts';
import { SealCheck } from '../src/chain/peers/seal-check.ts';
import type { Block } from '../src/chain/types/block.ts';
import { blockId } from '../src/chain/types/header-codec.ts';
import { VerifiedSignatures } from '../src/chain/verified-signatures.ts';
import { build, createHost, open, toyConfig } from '../tests/support/ledger-world.ts';

const ORPHANS_MAX = 8;
const BLOCKS = 24;

/** A chain that somebody else has built. */
function chainOf(count: number): readonly Block[] {
  const { ledger } = open(createHost());
  const blocks: Block[] = [];
  for (let parent = ledger.genesisId; blocks.length < count; ) {
    const block = build(ledger, parent);
    ledger.importBlock(block, '');
    blocks.push(block);
    parent = blockId(block.header);
  }
  return blocks;
}

/** A node that knows genesis, and what it imported. */
function node(): { readonly intake: BlockIntake; readonly height: () => number } {
  const host = createHost();
  const { ledger } = open(host);
  const { rules } = toyConfig();
  const intake = new BlockIntake({
    env: { ...host, network: { dial() {}, send: () => 'closed', close() {} }, random: NO_RANDOM },
    limits: { ...DEFAULT_LIMITS, orphansMax: ORPHANS_MAX },
    ledger,
    seals: new SealCheck((header) => rules.sealItems(header)),
    rules,
    signatures: new VerifiedSignatures(host.crypto),
    verified: new RecentSet(16),
    isInMempool: () => false,
    onOutcome: () => {},
  });
  return { intake, height: () => ledger.head().header.height };
}

const NO_RANDOM = { below: () => 0, bytes: (count: number) => new Uint8Array(count) };

describe('orphans', () => {
  const chain = chainOf(BLOCKS);
  const orders = fc.shuffledSubarray([...chain], { minLength: 1 });

  it('are never more than the limit, in whatever order blocks come', () => {
    fc.assert(
      fc.property(orders, (blocks) => {
        const { intake } = node();
        for (const block of blocks) {
          intake.submit(block, '', undefined);
          expect(intake.orphanCount).toBeLessThanOrEqual(ORPHANS_MAX);
        }
      }),
    );
  });

  it('are imported when their parents come, as long as they are within it', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(chain.slice(0, ORPHANS_MAX), { minLength: ORPHANS_MAX }), (blocks) => {
        const { intake, height } = node();
        for (const block of blocks) intake.submit(block, '', undefined);
        expect([height(), intake.orphanCount]).toEqual([ORPHANS_MAX, 0]);
      }),
    );
  });
});

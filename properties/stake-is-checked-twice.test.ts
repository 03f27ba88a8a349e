import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bftTime } from '../src/chain/consensus/pos/bft-time.ts';
import { type Commit, type CommitVote, encodeCommit } from '../src/chain/consensus/pos/commit.ts';
import { encodeEvidence } from '../src/chain/consensus/pos/evidence.ts';
import { evidenceFlaw } from '../src/chain/consensus/pos/evidence-check.ts';
import { type PosTestChain, testCommit, testEvidence } from '../src/chain/consensus/pos/test-chain.ts';
import type { Block, SystemData } from '../src/chain/types/block.ts';
import { encodeBlock, systemRoot } from '../src/chain/types/block-codec.ts';
import { encodeGenesis } from '../src/chain/types/genesis-codec.ts';
import { bytesToHex } from '../src/env/bytes.ts';
import { unixMs } from '../src/env/units.ts';
import { checkExport } from '../tests/reference/checker.ts';
import { KEYS, runSteps, stakes, steps } from './arbitraries/stake.ts';

/** What the checker finds in the chain and one more block. */
function rulesBroken({ context, blocks }: PosTestChain, ...more: readonly Block[]): readonly string[] {
  const genesis = bytesToHex(encodeGenesis(context.genesis));
  const encoded = [...blocks, ...more].map((block) => bytesToHex(encodeBlock(block)));
  return checkExport({ genesis, schedule: [], blocks: encoded }, 'skip').map(({ rule }) => rule);
}

/** A block on the chain with other system data. */
function blockWith(chain: PosTestChain, change: (system: SystemData) => Partial<SystemData>): Block {
  const block = chain.build();
  const system = { ...block.system, ...change(block.system) };
  return { ...block, system, header: { ...block.header, systemRoot: systemRoot(system) } };
}

/** The votes with a flaw; 'none' leaves them as they are. */
function spoilt(votes: readonly CommitVote[], flaw: string, earlyMs: number): readonly CommitVote[] {
  const [first, ...rest] = votes;
  if (first === undefined) return votes;
  if (flaw === 'unknown') return [...votes, { ...first, validator: 9 }];
  if (flaw === 'twice') return [first, ...votes];
  return flaw === 'early' ? [{ ...first, timestampMs: unixMs(earlyMs) }, ...rest] : votes;
}

describe('the rules of stake and the independent checker', () => {
  it('agree on every byte of every chain', () => {
    fc.assert(
      fc.property(stakes, steps, (genesis, list) => {
        expect(rulesBroken(runSteps(genesis, list, () => {}))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('agree on which evidence counts', () => {
    const back = fc.integer({ min: -1, max: 9 });
    fc.assert(
      fc.property(stakes, steps, fc.nat({ max: KEYS }), back, (genesis, list, key, ago) => {
        const chain = runSteps(genesis, list, () => {});
        const item = testEvidence(key, Math.max(0, chain.header.height - ago));
        const block = blockWith(chain, () => ({ evidence: [bytesToHex(encodeEvidence(item))] }));
        const isFine = evidenceFlaw(chain.view, item) === undefined;
        expect(chain.rules.checkSystem(chain.view, block) === undefined).toBe(isFine);
        expect(rulesBroken(chain, block).includes('evidence')).toBe(!isFine);
      }),
      { numRuns: 60 },
    );
  });

  it('agree on which last commit decides, and on the time that it gives', () => {
    const cast = fc.record({
      isThere: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
      offsetMs: fc.nat({ max: 9 }),
    });
    const votes = fc.tuple(
      fc.array(cast, { minLength: 6, maxLength: 6 }),
      fc.constantFrom('none', 'none', 'none', 'unknown', 'twice', 'early'),
      fc.integer({ min: -1, max: 1 }),
    );
    fc.assert(
      fc.property(stakes, steps, votes, (genesis, list, [casts, flaw, lateMs]) => {
        const chain = runSteps(genesis, list, () => {});
        const { last } = chain.view;
        if (last === undefined) return;
        const after = chain.header.timestampMs + 1;
        const cut = testCommit(last, chain.header).votes.filter((_, place) => casts[place]?.isThere === true);
        const timed = cut.map(
          (vote): CommitVote => ({
            ...vote,
            timestampMs: unixMs(after + (casts[vote.validator]?.offsetMs ?? 0)),
          }),
        );
        const commit: Commit = { ...testCommit(last, chain.header), votes: spoilt(timed, flaw, after - 1) };
        const due = timed.length === 0 ? after : bftTime({ ...commit, votes: timed }, last);
        const block = blockWith(chain, () => ({ lastCommit: bytesToHex(encodeCommit(commit)) }));
        const dated = { ...block, header: { ...block.header, timestampMs: unixMs(due + lateMs) } };
        const answer = chain.rules.checkSystem(chain.view, dated);
        const fact = answer?.code === 'SYSTEM_DATA_INVALID' ? answer.fact : '';
        const broken = rulesBroken(chain, dated);
        expect(broken.includes('last-commit')).toBe(fact.startsWith('lastCommit'));
        if (!broken.includes('last-commit')) {
          expect(broken.includes('bft-time')).toBe(fact.startsWith('timestampMs'));
        }
      }),
      { numRuns: 120 },
    );
  });
});

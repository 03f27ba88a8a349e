/** `chain` of a scenario file: the blockchain that all nodes agree on. */
import { z } from 'zod';
import { duration, hosts } from './values.ts';

/** `chain.poa`: what proof of authority is told. */
const poaSchema = z
  .strictObject({
    wiggle: duration.optional().meta({
      description: 'A signer out of turn waits up to so long for each signer that there is; default 500ms.',
    }),
    epoch: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .meta({ description: 'Every so-manieth block lists the signers and ends all votes; default 30000.' }),
    tieBreak: z.enum(['eip-3436', 'total-difficulty']).optional().meta({
      description:
        'eip-3436: one order of all heads; total-difficulty: of equals the first seen stays, as in EIP-225 alone; default eip-3436.',
    }),
    signers: hosts.optional().meta({
      description: 'The hosts that sign from the start, at most 30; default: all.',
    }),
  })
  .optional()
  .meta({ description: 'Proof of authority, with engine: poa; blockInterval is its period.' });

/** `chain.rounds`: how long validators wait in the steps of a round. */
const roundsSchema = z.strictObject({
  propose: duration.optional().meta({ description: 'For a proposal; default 1s.' }),
  prevote: duration.optional().meta({ description: 'For more prevotes, after 2/3 of them; default 500ms.' }),
  precommit: duration
    .optional()
    .meta({ description: 'For more precommits, after 2/3 of them; default 500ms.' }),
  growth: duration
    .optional()
    .meta({ description: 'Each of them grows by so much with every round of a height; default 500ms.' }),
});

const blocks = z.int().min(1).max(1_000_000);

/** `chain.staking`: who may validate, and what it costs to cheat. */
const stakingSchema = z.strictObject({
  min: z.int().min(1).max(1_000_000_000).optional().meta({ description: 'Least stake; default 1000.' }),
  validatorsMax: z.int().min(1).max(512).optional().meta({ description: 'Validators at most; default 512.' }),
  unbondingBlocks: blocks
    .optional()
    .meta({ description: 'Unstaked coins wait so many blocks; default 200.' }),
  unbonding: duration.optional().meta({ description: 'And so long; default 10min.' }),
  evidenceBlocks: blocks
    .optional()
    .meta({ description: 'Evidence counts for so many blocks, fewer than unbondingBlocks; default 100.' }),
  evidence: duration.optional().meta({ description: 'And for so long, less than unbonding; default 5min.' }),
  slashPermille: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: 'Thousandths of a stake that evidence burns; default 50.' }),
  safeHeights: blocks.optional().meta({
    description:
      'A validator that lost its records signs again once a commit is so far above all it may have signed; default 2.',
  }),
});

/** `chain`: the consensus, its blocks, what is final, and a planned upgrade. */
export const chainSchema = z.strictObject({
  engine: z
    .enum(['pow', 'round-robin', 'poa', 'pos'])
    .optional()
    .meta({ description: 'The consensus; default pow.' }),
  blockInterval: duration
    .optional()
    .meta({ description: 'Mean time between blocks, or of a turn, 1ms to 12h; default 10s.' }),
  difficulty: z
    .enum(['constant', 'asert'])
    .optional()
    .meta({ description: 'pow: whether difficulty follows the work that is there; default asert.' }),
  halfLife: duration
    .optional()
    .meta({ description: 'asert: behind by so long, the difficulty halves; default 1h.' }),
  finalityDepth: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .meta({ description: 'pow: so many blocks on top make a block final; default 40.' }),
  keepUndo: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .meta({ description: 'Blocks below the base that can be undone; default 100.' }),
  snapshots: z
    .strictObject({
      every: z.int().min(2).max(1_000_000).meta({ description: 'Blocks from one snapshot to the next.' }),
      chunkBytes: z
        .int()
        .min(200)
        .max(1_048_576)
        .optional()
        .meta({ description: 'Leaves of the state in one chunk, in bytes; default 1048576.' }),
    })
    .optional()
    .meta({
      description: 'All hosts make snapshots of their state, from which others can start; default: none.',
    }),
  reward: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .optional()
    .meta({ description: 'Coins for the producer of a block; default 5000.' }),
  upgrade: z
    .strictObject({
      height: z.int().min(1).meta({ description: 'The first block of the new version.' }),
      version: z.literal(2).meta({ description: 'Version 2 adds burn transactions.' }),
    })
    .optional()
    .meta({ description: 'A change of the protocol at a height; default: none.' }),
  blockBytesMax: z
    .int()
    .min(4_096)
    .max(1_048_576)
    .optional()
    .meta({ description: 'Largest block, in bytes; default 1048576.' }),
  rounds: roundsSchema.optional().meta({ description: 'pos: time-outs of a round.' }),
  staking: stakingSchema.optional().meta({ description: 'pos: stake, evidence, slashing.' }),
  poa: poaSchema,
});

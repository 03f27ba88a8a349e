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

/** `chain`: the consensus, its blocks, what is final, and a planned upgrade. */
export const chainSchema = z.strictObject({
  engine: z
    .enum(['pow', 'round-robin', 'poa'])
    .optional()
    .meta({ description: 'The consensus; default pow.' }),
  blockInterval: duration
    .optional()
    .meta({ description: 'Mean time between blocks, or of a turn; default 10s.' }),
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
    .min(1_000)
    .max(1_048_576)
    .optional()
    .meta({ description: 'Largest block, in bytes; default 1048576.' }),
  poa: poaSchema,
});

/** `expect` and `atLeast` of a scenario file: what a run must come to, and what must have happened in it. */
import { z } from 'zod';
import { ORACLE_NAMES } from '../oracle-names.ts';
import { deviationCountsSchema } from './byzantine.ts';
import { FAULT_KINDS } from './faults.ts';
import { count } from './values.ts';

const faultCountsSchema = z.strictObject(
  Object.fromEntries(
    FAULT_KINDS.map((kind) => [
      kind,
      count.optional().meta({ description: `Faults of kind ${kind} that had an effect.` }),
    ]),
  ),
);

/** `atLeast`: what must have happened. */
export const atLeastSchema = z.strictObject({
  blocks: count.optional().meta({ description: 'Height of the common chain.' }),
  reorgs: count.optional().meta({ description: 'Reorganisations, over all hosts.' }),
  reorgDepth: count.optional().meta({ description: 'Blocks that the deepest reorganisation undid.' }),
  synced: count.optional().meta({ description: 'Blocks received by synchronisation.' }),
  transactions: count.optional().meta({ description: 'Transactions on the common chain.' }),
  rejected: count.optional().meta({ description: 'Transactions refused.' }),
  corruptionsDetected: count.optional().meta({ description: 'Damaged records that nodes noticed.' }),
  repairs: count.optional().meta({ description: 'Damaged records that nodes put right.' }),
  restarts: count.optional().meta({ description: 'Starts after the first one of each host.' }),
  halted: count.optional().meta({
    description: 'Nodes that stopped for good, with UPGRADE_REQUIRED or REORG_BEYOND_PRUNED.',
  }),
  compact: count.optional().meta({ description: 'Blocks received in compact form.' }),
  snapshots: count.optional().meta({ description: 'Times that a node began with a snapshot.' }),
  byzantine: deviationCountsSchema.optional().meta({
    description: 'Deviations of Byzantine hosts, by behaviour: who never deviates proves nothing.',
  }),
  setChanges: count.optional().meta({
    description: 'Changes of the set of producers, on the host that saw most of them.',
  }),
  faults: faultCountsSchema
    .optional()
    .meta({ description: 'Faults that had an effect, by kind: what did not happen proves nothing.' }),
});

/** `expect`: what the run must come to. */
export const expectSchema = z
  .union([
    z.literal('pass'),
    z.literal('stall'),
    z.literal('deadlock'),
    z.strictObject({
      violation: z.enum(ORACLE_NAMES).meta({ description: 'The law that must be violated.' }),
    }),
  ])
  .meta({
    description:
      'What the run must come to: pass; stall: no agreement in time; deadlock: a stall that is proven to last for ever; or a named violation.',
  });

export type AtLeast = z.infer<typeof atLeastSchema>;

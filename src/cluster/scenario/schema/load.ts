/** `load` of a scenario file: what clients send, one strict object a kind. */
import { z } from 'zod';
import { duration, hostIndex, percent } from './values.ts';

const flow = {
  perSecond: z
    .number()
    .min(0.001)
    .max(10_000)
    .meta({ description: 'Transactions a second, over all hosts together.' }),
  from: duration.optional().meta({ description: 'When it begins; default 0s.' }),
  until: duration
    .optional()
    .meta({ description: 'When it ends; default, and at the latest: the beginning of the quiet end.' }),
};

/** One line of `load`. */
export const loadSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('transfers'),
      ...flow,
      accounts: z
        .int()
        .min(2)
        .max(10_000)
        .optional()
        .meta({ description: 'How many funded accounts send; default 20.' }),
      hotPercent: percent.optional().meta({
        description: 'Share of transfers that the first account sends or receives, in per cent; default 0.',
      }),
    })
    .meta({ description: 'Money moves between accounts.' }),
  z
    .strictObject({ kind: z.literal('invalid'), ...flow })
    .meta({ description: 'Transactions that must be refused.' }),
  z
    .strictObject({ kind: z.literal('conflicting'), ...flow })
    .meta({ description: 'Two transactions for one nonce, sent to different hosts.' }),
  z
    .strictObject({ kind: z.literal('burns'), ...flow })
    .meta({ description: 'Transactions of protocol version 2; needs chain.upgrade.' }),
  z
    .strictObject({
      kind: z.literal('stakes'),
      ...flow,
      hosts: z
        .union([z.literal('all'), z.array(hostIndex).min(1)])
        .optional()
        .meta({ description: 'Whose keys stake and unstake, a list of host numbers; default all.' }),
      moves: z.enum(['join', 'leave', 'both']).optional().meta({
        description:
          'join: who has no stake gets some; leave: who has takes it back; default both, in turn, drawn.',
      }),
      amount: z
        .int()
        .min(1)
        .max(1_000_000_000)
        .optional()
        .meta({ description: 'Staked at once; default chain.staking.min.' }),
      keep: z.int().min(0).optional().meta({
        description: 'So many of these hosts always have stake, as far as their owners know; default 1.',
      }),
    })
    .meta({
      description:
        'pos: hosts stake and unstake, so that the validator set changes; one move in six must be refused.',
    }),
]);

export type LoadLine = z.infer<typeof loadSchema>;

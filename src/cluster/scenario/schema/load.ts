/** `load` of a scenario file: what clients send, one strict object a kind. */
import { z } from 'zod';
import { duration, percent } from './values.ts';

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
]);

export type LoadLine = z.infer<typeof loadSchema>;

/** `byzantine` of a scenario file: hosts that break the protocol, drawn by seed. */
import { z } from 'zod';
import { behaviourSchema, DEVIATIONS } from '../../byzantine/behaviours.ts';
import { count } from './values.ts';

/** `byzantine`: so many drawn hosts, each with drawn behaviours. */
export const byzantineSchema = z.strictObject({
  count: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'So many hosts, drawn among those without a line of their own.' }),
  of: z.array(behaviourSchema).min(1).optional().meta({
    description:
      'Behaviours from which each of them draws, such as [silent, { kind: flooding, perSecond: 5 }].',
  }),
  perHost: z.int().min(1).max(8).optional().meta({ description: 'Behaviours of each of them; default 1.' }),
  twins: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'So many pairs of drawn hosts have one key; both run honest code.' }),
});

export type ByzantineGenerator = z.infer<typeof byzantineSchema>;

/** `atLeast.byzantine`: deviations by behaviour. */
export const deviationCountsSchema = z.strictObject(
  Object.fromEntries(
    DEVIATIONS.map((kind) => [
      kind,
      count.optional().meta({ description: `Times that a host deviated as ${kind}.` }),
    ]),
  ),
);

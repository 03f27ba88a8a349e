/** Space files: from which clusters a sweep draws one scenario a seed, as strict zod objects. */
import { z } from 'zod';
import { behaviourSchema } from '../byzantine/behaviours.ts';
import { parseDurationUs } from '../scenario/duration.ts';
import { chainSchema } from '../scenario/schema/chain.ts';
import { duration, range } from '../scenario/schema/values.ts';
import { SWARM_FAMILIES } from './families.ts';

/** A day: a sweep is of many short runs. */
const LENGTH_MAX_US = 86_400_000_000;
/** More hosts make runs too slow to be many. */
const NODES_MAX = 200;
/** Weights are small whole numbers. */
const WEIGHT_MAX = 1_000;

const RANGE_PATTERN = /^(\d{1,6})(?:\.\.(\d{1,6}))?$/;

/** Both ends of `4..10`, or of `7`; undefined when it is neither, or the first is greater. */
export function parseCountRange(text: string): { readonly min: number; readonly max: number } | undefined {
  const parts = RANGE_PATTERN.exec(text);
  if (parts === null) return undefined;
  const min = Number(parts[1]);
  const max = Number(parts[2] ?? parts[1]);
  return min <= max ? { min, max } : undefined;
}

const counts = (least: number, most: number): z.ZodString =>
  z
    .string()
    .refine(
      (text) => {
        const ends = parseCountRange(text);
        return ends !== undefined && ends.min >= least && ends.max <= most;
      },
      `a range of whole numbers from ${least} to ${most}, such as ${least}..${Math.min(most, least + 6)}`,
    )
    .meta({ title: `a range of whole numbers from ${least} to ${most}` });

const families = z.array(z.enum(SWARM_FAMILIES));

/** One kind of cluster: its engine, sizes and times, from which each seed draws its own. */
const clusterSchema = z.strictObject({
  engine: chainSchema.shape.engine.unwrap().meta({ description: 'The consensus.' }),
  weight: z
    .int()
    .min(1)
    .max(WEIGHT_MAX)
    .optional()
    .meta({ description: 'How often it is drawn, against the other kinds; default 1.' }),
  nodes: counts(1, NODES_MAX).meta({ description: 'Number of hosts, such as 4..10.' }),
  duration: duration
    .refine(
      (text) => (parseDurationUs(text) ?? 0) > 0 && (parseDurationUs(text) ?? 0) <= LENGTH_MAX_US,
      'a duration above 0s and at most 24h',
    )
    .meta({ description: 'Simulated time of a run.' }),
  quiet: duration.meta({ description: 'The last part of it, without faults.' }),
  blockInterval: range.meta({ description: 'Mean time between blocks.' }),
  finalityDepth: counts(1, 1_000).optional().meta({
    description: 'pow, round-robin: blocks that make one final; default: what holds for scenarios.',
  }),
  latency: range.meta({ description: 'Least one-way delay of a run.' }),
  spread: range.meta({ description: 'By so much the slowest pair of hosts is slower than the fastest.' }),
  clockSteps: z.array(duration).min(1).optional().meta({
    description: 'How far wall clocks jump, either way; default 50ms to 1h: no clock decides anything.',
  }),
  clockDriftPpm: z
    .int()
    .min(1)
    .max(500_000)
    .optional()
    .meta({ description: 'How much too fast or slow clocks run at most, in millionths; default 200000.' }),
  behaviours: z
    .array(behaviourSchema)
    .optional()
    .meta({ description: 'How Byzantine hosts may break the protocol; default: there are none.' }),
  without: families.optional().meta({ description: 'Families of faults that its runs never have.' }),
});

/** A space file. */
export const spaceSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and dashes, at most 64')
      .meta({ title: 'a name of lower-case letters, digits and dashes', description: 'Name of the space.' }),
    shows: z.string().min(10).meta({
      title: 'a sentence of at least 10 characters',
      description: 'What is in it, in one sentence for people.',
    }),
    signatures: z
      .enum(['real', 'modelled'])
      .optional()
      .meta({ description: 'Ed25519, or a keyed hash for speed; default modelled.' }),
    clusters: z
      .array(clusterSchema)
      .min(1)
      .meta({ description: 'Kinds of clusters; each seed draws one of them.' }),
    without: families.optional().meta({ description: 'Families of faults that no run has.' }),
  })
  .meta({
    title: 'Aureon space',
    description: 'Clusters and faults from which a sweep draws one scenario a seed.',
  });

export type SpaceFile = z.infer<typeof spaceSchema>;
export type SpaceCluster = SpaceFile['clusters'][number];

/** `network` of a scenario file: the links between hosts. */
import { z } from 'zod';
import { duration, range } from './values.ts';

const measured = z
  .literal('internet-2019')
  .meta({ description: 'Tables measured on a public network in 2019.' });

const latencySchema = z
  .union([
    z.strictObject({ fixed: duration.meta({ description: 'The same between all hosts.' }) }),
    z.strictObject({ uniform: range.meta({ description: 'Drawn once for each pair of hosts.' }) }),
    z.strictObject({ measured }),
  ])
  .meta({ description: 'One-way delay between two hosts; default { fixed: 50ms }.' });

const topologySchema = z
  .union([
    z.enum(['mesh', 'ring', 'line', 'star', 'discovery']),
    z.strictObject({
      links: z.int().min(1).max(64).meta({ description: 'Outbound links a node, to random others.' }),
    }),
    z.strictObject({ measured }),
  ])
  .meta({
    description: 'Who dials whom; discovery: all know host 0 and find the rest from peers; default mesh.',
  });

const bandwidthSchema = z
  .union([
    z.literal('unlimited'),
    z.strictObject({
      uploadMbit: z.number().min(0.001).meta({ description: 'Megabits a second out of each host.' }),
      downloadMbit: z.number().min(0.001).meta({ description: 'Megabits a second into each host.' }),
    }),
    z.strictObject({ measured }),
  ])
  .meta({ description: 'What each host can send and receive; default unlimited.' });

/** `network`: model, delays, bandwidth and who dials whom. */
export const networkSchema = z.strictObject({
  model: z.enum(['stream', 'simblock']).optional().meta({
    description:
      'stream: ordered connections that stall and reset; simblock: the published model, for one comparison; default stream.',
  }),
  latency: latencySchema.optional(),
  jitter: duration
    .optional()
    .meta({ description: 'Mean of an exponential delay on top of each message; default 0s.' }),
  bandwidth: bandwidthSchema.optional(),
  uplink: z.enum(['fair', 'fifo']).optional().meta({
    description: 'How connections share an uplink: at once, or one message after the other; default fair.',
  }),
  stallReset: duration
    .optional()
    .meta({ description: 'A connection on which nothing passes for so long is reset; default 20s.' }),
  topology: topologySchema.optional(),
  blockBytes: z.int().min(1).max(8_388_608).optional().meta({
    description: 'Modelled size of a block on the wire, no ballast is hashed; default: as encoded.',
  }),
  compactModel: z.boolean().optional().meta({
    description:
      'simblock only: compact usage and failures drawn as the published model says; default false.',
  }),
});

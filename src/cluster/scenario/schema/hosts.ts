/** `node`, `hosts` and `cpu` of a scenario file: what nodes do, and what machines they run on. */
import { z } from 'zod';
import { behaviourSchema } from '../../byzantine/behaviours.ts';
import { count, driftPpm, duration, hostIndex, hosts, signedDuration } from './values.ts';

/** `node`: features of every node, switched on and off. */
export const nodeFeaturesSchema = z.strictObject({
  compactBlocks: z
    .boolean()
    .optional()
    .meta({ description: 'Announces blocks as header and short ids; default true.' }),
  transactionGossip: z
    .boolean()
    .optional()
    .meta({ description: 'Passes transactions on to peers; default true.' }),
  pings: z.boolean().optional().meta({ description: 'Asks quiet peers whether they live; default true.' }),
  timeouts: z
    .boolean()
    .optional()
    .meta({ description: 'Gives up on peers that do not answer; default true.' }),
  relayStale: z
    .boolean()
    .optional()
    .meta({ description: 'Passes on blocks of branches that are not the best; default false.' }),
  mempoolMax: z
    .int()
    .min(10)
    .max(1_000_000)
    .optional()
    .meta({ description: "Transactions that wait at most; default: the node's own limit." }),
  flushBlocks: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: 'Blocks that may be imported before a flush is asked for; default 1.' }),
  baseDepth: z.int().min(1).max(1_000).optional().meta({
    description:
      'Blocks above the state that is on the disk, where nothing is final for ever: executed again at a start; default 64.',
  }),
  scrubEvery: duration.optional().meta({
    description: 'So often each node checks 64 records of its disk; 0s: never; default: six block intervals.',
  }),
});

/** One line of `hosts`: how some of them differ. */
export const hostRuleSchema = z.strictObject({
  hosts,
  hashShare: z
    .number()
    .min(0)
    .max(1_000_000)
    .optional()
    .meta({ description: 'Relative mining power; default 1, 0: mines nothing.' }),
  stake: z.int().min(0).max(1_000_000_000).optional().meta({
    description: 'pos: what it has at stake from the start; default 1000, 0: it follows without a vote.',
  }),
  absent: z
    .boolean()
    .optional()
    .meta({ description: 'It is never started, and keeps its number, key and power; default false.' }),
  joins: duration.optional().meta({ description: 'First boot; default 0s.' }),
  snapshot: z.boolean().optional().meta({
    description:
      'Started without blocks, it begins with the newest snapshot that two other hosts made alike, where there is one; when they have dropped that one before it was here, it is started again with a newer one; default false.',
  }),
  skew: signedDuration.optional().meta({ description: 'Its wall clock against true time; default 0s.' }),
  driftPpm: driftPpm
    .optional()
    .meta({ description: 'How much too fast its clocks run, in millionths; default 0.' }),
  code: z.enum(['v1', 'v2']).optional().meta({
    description:
      'Protocol versions that the node knows: v1 stops at an upgrade; default v2 where there is one, else v1.',
  }),
  disk: z
    .strictObject({
      write: duration.optional().meta({ description: 'Time of one write; default 0s.' }),
      flush: duration.optional().meta({ description: 'Time of one flush; default 0s.' }),
    })
    .optional()
    .meta({ description: 'How fast its disk is; default: takes no time.' }),
  byzantine: z.array(behaviourSchema).min(1).optional().meta({
    description:
      'How it breaks the protocol, see below; the first stands next to the node. Default: it is honest.',
  }),
  twinOf: hostIndex
    .optional()
    .meta({ description: 'Has the key of that host instead of its own; both run honest code.' }),
});

/** `cpu`: what work costs. */
export const cpuSchema = z.strictObject({
  hashNs: count.optional().meta({ description: 'Nanoseconds of a hash; default 0.' }),
  verifyUs: count.optional().meta({ description: 'Microseconds of a signature check; default 0.' }),
  signUs: count.optional().meta({ description: 'Microseconds of a signature; default 0.' }),
  executeNsPerGas: count.optional().meta({ description: 'Nanoseconds of one gas of execution; default 0.' }),
  decodeNsPerByte: count.optional().meta({ description: 'Nanoseconds of decoding one byte; default 0.' }),
});

/** Scenario files: what they may say, as strict zod objects from which types, validation and JSON Schema derive. */
import { z } from 'zod';
import { DURATION_PATTERN, DURATION_RANGE_PATTERN, parseDurationRange, parseDurationUs } from './duration.ts';
import { SCENARIO_HOSTS_MAX, SCENARIO_LENGTH_MAX_US } from './limits.ts';

const duration = z
  .string()
  .regex(DURATION_PATTERN, 'a duration such as 250ms, 10s, 5min or 1h')
  .refine((text) => (parseDurationUs(text) ?? -1) >= 0, 'a duration of whole microseconds, not negative')
  .meta({ description: 'A duration: a number and us, ms, s, min, h or d.' });
const signedDuration = z
  .string()
  .regex(DURATION_PATTERN, 'a duration such as 10s, -1h or 250ms')
  .refine((text) => parseDurationUs(text) !== undefined, 'a duration of whole microseconds')
  .meta({ description: 'A duration that may be negative.' });
const range = z
  .string()
  .regex(DURATION_RANGE_PATTERN, 'a duration such as 10s, or a range such as 5s..20s')
  .refine(
    (text) => (parseDurationRange(text)?.minUs ?? -1) >= 0,
    'a range of durations, the smaller first, none negative',
  )
  .meta({ description: 'A duration, or two joined by .. between which it is drawn.' });
const percent = z.number().min(0).max(100).meta({ description: 'Per cent, 0 to 100.' });
const count = z.int().min(0);
const hostIndex = z
  .int()
  .min(0)
  .max(SCENARIO_HOSTS_MAX - 1);

/** Which hosts: all of them, the ones listed, or so many drawn from the fault's own stream. */
const hosts = z
  .union([z.literal('all'), z.array(hostIndex).min(1), z.strictObject({ random: z.int().min(1) })])
  .meta({ description: 'all, a list of host numbers from 0, or { random: n }.' });

const when = {
  at: range.meta({ description: 'When it first happens.' }),
  every: range.optional().meta({ description: 'Again after so long, drawn anew each time.' }),
  until: duration
    .optional()
    .meta({ description: 'No new one after this moment; default: the end of the faults.' }),
};
const lasting = { ...when, for: range.meta({ description: 'How long it lasts.' }) };
const minStable = duration
  .optional()
  .meta({ description: 'Every state lasts at least so long; default 1s.' });

const groups = z.array(z.array(hostIndex).min(1)).min(2);
const link = z.strictObject({ from: hosts, to: hosts, bothWays: z.boolean().optional() });

/** One line of `faults`. */
export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('partition'),
    ...lasting,
    groups: groups.optional(),
    isolate: hosts.optional(),
    split: z.literal('random').optional(),
    oneWay: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal('bridge'), ...lasting, bridge: hostIndex.optional() }),
  z.strictObject({ kind: z.literal('ring'), ...lasting }),
  z.strictObject({
    kind: z.literal('flap'),
    ...lasting,
    groups: groups.optional(),
    link: link.optional(),
    down: range,
    up: range,
    minStable,
  }),
  z.strictObject({ kind: z.literal('clog'), ...lasting, link }),
  z.strictObject({ kind: z.literal('swizzle'), ...lasting, hosts, minStable }),
  z.strictObject({ kind: z.literal('loss'), ...lasting, link, percent }),
  z.strictObject({ kind: z.literal('latency'), ...lasting, link, extra: duration }),
  z.strictObject({ kind: z.literal('corruption'), ...lasting, link, percent }),
  z.strictObject({ kind: z.literal('duplication'), ...lasting, link, percent }),
  z.strictObject({
    kind: z.literal('crash'),
    ...when,
    hosts,
    how: z.enum(['kill', 'power', 'any']),
    down: range,
    disk: z.enum(['keep', 'empty', 'old', 'any']).optional(),
    effect: z
      .union([z.int().min(0), z.literal('random')])
      .optional()
      .meta({ description: 'Crash inside a handler, after so many of its effects.' }),
  }),
  z.strictObject({
    kind: z.literal('rollingRestart'),
    ...when,
    hosts,
    how: z.enum(['kill', 'power', 'stop']),
    down: range,
    gap: duration,
    code: z.enum(['v1', 'v2']).optional(),
  }),
  z.strictObject({ kind: z.literal('pause'), ...lasting, hosts }),
  z.strictObject({ kind: z.literal('clockStep'), ...when, hosts, by: signedDuration }),
  z.strictObject({
    kind: z.literal('clockDrift'),
    ...lasting,
    hosts,
    ppm: z.int().min(-500_000).max(500_000),
  }),
  z.strictObject({ kind: z.literal('timerJitter'), ...lasting, hosts, upTo: duration }),
  z.strictObject({ kind: z.literal('diskSlow'), ...lasting, hosts, factor: z.int().min(2).max(100_000) }),
  z.strictObject({ kind: z.literal('diskFull'), ...lasting, hosts, roomBytes: count.optional() }),
  z.strictObject({ kind: z.literal('diskError'), ...lasting, hosts, on: z.enum(['read', 'write', 'flush']) }),
  z.strictObject({
    kind: z.literal('bitRot'),
    ...when,
    hosts,
    records: z.int().min(1).max(10_000),
    where: z.enum(['value', 'key']).optional(),
  }),
  z.strictObject({ kind: z.literal('staleValue'), ...when, hosts, records: z.int().min(1).max(10_000) }),
  z.strictObject({ kind: z.literal('misdirected'), ...when, hosts, records: z.int().min(1).max(10_000) }),
  z.strictObject({ kind: z.literal('missingKey'), ...when, hosts, records: z.int().min(1).max(10_000) }),
  z.strictObject({ kind: z.literal('lyingFlush'), ...lasting, hosts }),
]);

/** One line of `load`. */
export const loadSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('transfers'),
    perSecond: z.number().min(0.001).max(10_000),
    accounts: z
      .int()
      .min(2)
      .max(10_000)
      .optional()
      .meta({ description: 'How many funded accounts send; default 20.' }),
    hotPercent: percent
      .optional()
      .meta({ description: 'Share of transfers that the first account sends or receives.' }),
    from: duration.optional(),
    until: duration.optional(),
  }),
  z.strictObject({
    kind: z.literal('invalid'),
    perSecond: z.number().min(0.001).max(10_000),
    from: duration.optional(),
    until: duration.optional(),
  }),
  z.strictObject({
    kind: z.literal('conflicting'),
    perSecond: z.number().min(0.001).max(10_000),
    from: duration.optional(),
    until: duration.optional(),
  }),
  z.strictObject({
    kind: z.literal('burns'),
    perSecond: z.number().min(0.001).max(10_000),
    from: duration.optional(),
    until: duration.optional(),
  }),
]);

const latencySchema = z.union([
  z.strictObject({ fixed: duration }),
  z.strictObject({ uniform: range }),
  z.strictObject({ measured: z.literal('internet-2019') }),
]);

const topologySchema = z.union([
  z.enum(['mesh', 'ring', 'line', 'star', 'discovery']),
  z.strictObject({
    links: z.int().min(1).max(64).meta({ description: 'Outbound links a node, to random others.' }),
  }),
  z.strictObject({ measured: z.literal('internet-2019') }),
]);

const networkSchema = z.strictObject({
  model: z.enum(['stream', 'simblock']).optional(),
  latency: latencySchema.optional(),
  jitter: duration.optional().meta({ description: 'Mean of an exponential delay on top of each message.' }),
  bandwidth: z
    .union([
      z.literal('unlimited'),
      z.strictObject({ uploadMbit: z.number().min(0.001), downloadMbit: z.number().min(0.001) }),
      z.strictObject({ measured: z.literal('internet-2019') }),
    ])
    .optional(),
  uplink: z.enum(['fair', 'fifo']).optional(),
  stallReset: duration.optional(),
  topology: topologySchema.optional(),
  blockBytes: z
    .int()
    .min(1)
    .max(8_388_608)
    .optional()
    .meta({ description: 'Modelled size of a block on the wire: no ballast is hashed.' }),
  compactModel: z
    .boolean()
    .optional()
    .meta({ description: 'simblock only: compact usage and failures drawn as the published model says.' }),
});

const chainSchema = z.strictObject({
  engine: z.enum(['pow', 'round-robin']).optional(),
  blockInterval: duration.optional(),
  difficulty: z.enum(['constant', 'asert']).optional(),
  halfLife: duration.optional(),
  finalityDepth: z.int().min(1).max(100_000).optional(),
  keepUndo: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .meta({ description: 'Blocks below the base that can be undone.' }),
  reward: z.int().min(0).max(1_000_000_000).optional(),
  upgrade: z.strictObject({ height: z.int().min(1), version: z.literal(2) }).optional(),
  blockBytesMax: z.int().min(1_000).max(1_048_576).optional(),
});

const nodeFeaturesSchema = z.strictObject({
  compactBlocks: z.boolean().optional(),
  transactionGossip: z.boolean().optional(),
  pings: z.boolean().optional(),
  timeouts: z.boolean().optional(),
  relayStale: z.boolean().optional(),
  mempoolMax: z.int().min(10).max(1_000_000).optional(),
});

const hostRuleSchema = z.strictObject({
  hosts,
  hashShare: z
    .number()
    .min(0)
    .max(1_000_000)
    .optional()
    .meta({ description: 'Relative mining power; default 1, 0: mines nothing.' }),
  joins: duration.optional().meta({ description: 'First boot; default 0s.' }),
  skew: signedDuration.optional().meta({ description: 'Its wall clock against true time.' }),
  driftPpm: z.int().min(-500_000).max(500_000).optional(),
  code: z
    .enum(['v1', 'v2'])
    .optional()
    .meta({ description: 'Which protocol versions the node knows: v1 stops at an upgrade.' }),
  disk: z.strictObject({ write: duration.optional(), flush: duration.optional() }).optional(),
});

const cpuSchema = z.strictObject({
  hashNs: count.optional(),
  verifyUs: count.optional(),
  signUs: count.optional(),
  executeNsPerGas: count.optional(),
  decodeNsPerByte: count.optional(),
});

const atLeastSchema = z.strictObject({
  blocks: count.optional(),
  reorgs: count.optional(),
  reorgDepth: count.optional(),
  synced: count.optional().meta({ description: 'Blocks received by synchronisation.' }),
  transactions: count.optional().meta({ description: 'Transactions on the final common chain.' }),
  rejected: count.optional().meta({ description: 'Transactions refused.' }),
  corruptionsDetected: count.optional(),
  repairs: count.optional(),
  restarts: count.optional(),
  halted: count
    .optional()
    .meta({ description: 'Nodes that stopped with UPGRADE_REQUIRED or REORG_BEYOND_PRUNED.' }),
  compact: count.optional().meta({ description: 'Blocks received in compact form.' }),
  faults: z
    .record(z.string(), count)
    .optional()
    .meta({ description: 'Injections that had an effect, by kind of fault.' }),
});

const expectSchema = z.union([
  z.literal('pass'),
  z.literal('stall'),
  z.strictObject({
    violation: z.string().min(1).meta({ description: 'Name of the oracle that must fire.' }),
  }),
]);

/** A scenario file. */
export const scenarioSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and dashes, at most 64'),
    shows: z.string().min(10).meta({ description: 'What this scenario shows, for people.' }),
    duration: duration.refine(
      (text) => (parseDurationUs(text) ?? 0) > 0 && (parseDurationUs(text) ?? 0) <= SCENARIO_LENGTH_MAX_US,
      'a duration above 0s and at most 400d',
    ),
    seed: z.string().min(1).max(256).optional(),
    nodes: z.int().min(1).max(SCENARIO_HOSTS_MAX),
    signatures: z.enum(['real', 'modelled']).optional(),
    chain: chainSchema.optional(),
    node: nodeFeaturesSchema.optional(),
    network: networkSchema.optional(),
    hosts: z.array(hostRuleSchema).optional(),
    cpu: cpuSchema.optional(),
    load: z.array(loadSchema).optional(),
    faults: z.array(faultSchema).optional(),
    quiet: duration.optional().meta({
      description:
        'No faults in the last part of the run, in which all must converge; default: as liveness demands.',
    }),
    liveness: z.enum(['required', 'core', 'excused']).optional().meta({
      description:
        'required: all heal and converge; core: a drawn quorum heals and must go on, the others are lost for ever; excused: nothing is demanded.',
    }),
    stopAtHeight: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'Ends the run early, once every live node is that high.' }),
    expect: expectSchema,
    atLeast: atLeastSchema.optional(),
  })
  .meta({
    title: 'Aureon scenario',
    description: 'A cluster, its load, its faults, and what is expected of it.',
  });

export type ScenarioFile = z.infer<typeof scenarioSchema>;
export type FaultLine = z.infer<typeof faultSchema>;
export type LoadLine = z.infer<typeof loadSchema>;
export type HostSelector = z.infer<typeof hosts>;
export type AtLeast = z.infer<typeof atLeastSchema>;

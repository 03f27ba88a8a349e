/** Scenario files: what they may say, as strict zod objects from which types, validation and JSON Schema derive. */
import { z } from 'zod';
import { DURATION_PATTERN, DURATION_RANGE_PATTERN, parseDurationRange, parseDurationUs } from './duration.ts';
import { SCENARIO_HOSTS_MAX, SCENARIO_LENGTH_MAX_US } from './limits.ts';
import { ORACLE_NAMES } from './oracle-names.ts';

/** Records of a disk that one line may damage. */
const RECORDS_MAX = 10_000;
/** Clocks wrong by half are no clocks. */
const DRIFT_PPM_MAX = 500_000;

const duration = z
  .string()
  .regex(DURATION_PATTERN, 'a duration such as 250ms, 10s, 5min or 1h')
  .refine((text) => (parseDurationUs(text) ?? -1) >= 0, 'a duration of whole microseconds, not negative')
  .meta({ title: 'a duration', examples: ['10s', '250ms'] });
const signedDuration = z
  .string()
  .regex(DURATION_PATTERN, 'a duration such as 10s, -1h or 250ms')
  .refine((text) => parseDurationUs(text) !== undefined, 'a duration of whole microseconds')
  .meta({ title: 'a duration that may be negative', examples: ['10s', '-1h'] });
const range = z
  .string()
  .regex(DURATION_RANGE_PATTERN, 'a duration such as 10s, or a range such as 5s..20s')
  .refine(
    (text) => (parseDurationRange(text)?.minUs ?? -1) >= 0,
    'a range of durations, the smaller first, none negative',
  )
  .meta({ title: 'a duration or a range', examples: ['10s', '5s..20s'] });
const percent = z.number().min(0).max(100);
const count = z.int().min(0);
const hostIndex = z
  .int()
  .min(0)
  .max(SCENARIO_HOSTS_MAX - 1);

/** Which hosts: all of them, the ones listed, or so many drawn from the fault's own stream. */
const hosts = z
  .union([
    z.literal('all'),
    z.array(hostIndex).min(1),
    z.strictObject({ random: z.int().min(1).meta({ description: 'So many hosts, drawn anew each time.' }) }),
  ])
  .meta({ description: 'Which hosts: all, a list of host numbers from 0, or { random: n }.' });

const when = {
  at: range.meta({ description: 'When it first happens, before the quiet end of the run.' }),
  every: range.optional().meta({ description: 'Again after so long, drawn anew each time; default: once.' }),
  until: duration
    .optional()
    .meta({ description: 'No new one after this moment; default: the beginning of the quiet end.' }),
};
const lasting = {
  ...when,
  for: range.meta({ description: 'How long it lasts; the quiet end cuts it short.' }),
};
const minStable = duration
  .optional()
  .meta({ description: 'Every state lasts at least so long; default 1s.' });
const groups = z.array(z.array(hostIndex).min(1)).min(2).meta({
  description: 'Hosts that still reach each other; a host in none of the groups reaches everybody.',
});
const link = z
  .strictObject({
    from: hosts.meta({ description: 'One end of the links.' }),
    to: hosts.meta({ description: 'The other end.' }),
    bothWays: z.boolean().optional().meta({ description: 'The way back too; default true.' }),
  })
  .meta({ description: 'Which links between which hosts.' });
const share = percent.meta({ description: 'Share of the messages on these links, in per cent.' });
const records = z
  .int()
  .min(1)
  .max(RECORDS_MAX)
  .meta({ description: 'How many records of each disk, drawn among those that are there.' });

/** One line of `faults`. */
export const faultSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('partition'),
      ...lasting,
      groups: groups.optional(),
      isolate: hosts
        .optional()
        .meta({ description: 'These hosts on one side, everybody else on the other.' }),
      split: z.literal('random').optional().meta({ description: 'Two groups, drawn.' }),
      oneWay: z.boolean().optional().meta({
        description: 'Only from the first group (or the isolated hosts) to the others; default false.',
      }),
    })
    .meta({ description: 'Splits the network: exactly one of groups, isolate and split says how.' }),
  z
    .strictObject({
      kind: z.literal('bridge'),
      ...lasting,
      bridge: hostIndex
        .optional()
        .meta({ description: 'The host that both sides still reach; default: drawn.' }),
    })
    .meta({ description: 'Two sides that only one host connects.' }),
  z
    .strictObject({ kind: z.literal('ring'), ...lasting })
    .meta({ description: 'Every host reaches its two neighbours only.' }),
  z
    .strictObject({
      kind: z.literal('flap'),
      ...lasting,
      groups: groups.optional(),
      link: link.optional(),
      down: range.meta({ description: 'How long each cut lasts.' }),
      up: range.meta({ description: 'How long it holds in between.' }),
      minStable,
    })
    .meta({ description: 'Cuts links again and again: exactly one of groups and link says which.' }),
  z
    .strictObject({ kind: z.literal('clog'), ...lasting, link })
    .meta({ description: 'Messages wait, in order, until it ends; no connection is lost.' }),
  z
    .strictObject({ kind: z.literal('swizzle'), ...lasting, hosts, minStable })
    .meta({ description: 'Clogs the hosts one after the other and releases them in another order.' }),
  z
    .strictObject({ kind: z.literal('loss'), ...lasting, link, percent: share })
    .meta({ description: 'Packets are lost; on a stream that shows as delay.' }),
  z
    .strictObject({
      kind: z.literal('latency'),
      ...lasting,
      link,
      extra: duration.meta({ description: 'Added to every message.' }),
    })
    .meta({ description: 'Links become slower.' }),
  z
    .strictObject({ kind: z.literal('corruption'), ...lasting, link, percent: share })
    .meta({ description: 'Bytes of messages are changed.' }),
  z
    .strictObject({
      kind: z.literal('crash'),
      ...when,
      hosts,
      how: z.enum(['kill', 'power', 'any']).meta({
        description:
          'kill: the machine lives, peers see a reset, written data survives. power: silence, and what was not flushed is lost. any: drawn.',
      }),
      down: range.meta({ description: 'How long until it starts again.' }),
      disk: z
        .enum(['keep', 'empty', 'old', 'any'])
        .optional()
        .meta({ description: 'What it starts with: its disk, none, an old backup, or drawn; default keep.' }),
      effect: z
        .union([z.int().min(0), z.literal('random')])
        .optional()
        .meta({
          description:
            'Inside a handler, after so many of its effects, or drawn; default: between two handlers.',
        }),
    })
    .meta({ description: 'Hosts crash and start again.' }),
  z
    .strictObject({
      kind: z.literal('rollingRestart'),
      ...when,
      hosts,
      how: z
        .enum(['kill', 'power', 'stop'])
        .meta({ description: 'stop: asked to stop, and given 10s to do so. Else as for crash.' }),
      down: range.meta({ description: 'How long each is down.' }),
      gap: duration.meta({ description: 'From the start of one to the stop of the next.' }),
      code: z
        .enum(['v1', 'v2'])
        .optional()
        .meta({ description: 'Protocol versions that it knows afterwards; default: as before.' }),
    })
    .meta({ description: 'Hosts are restarted one after the other, as an operator would upgrade them.' }),
  z
    .strictObject({ kind: z.literal('pause'), ...lasting, hosts })
    .meta({ description: 'Hosts stand still while their clocks and the world go on.' }),
  z
    .strictObject({
      kind: z.literal('clockStep'),
      ...when,
      hosts,
      by: signedDuration.meta({ description: 'How far the wall clock jumps; negative: back.' }),
    })
    .meta({ description: 'Wall clocks jump.' }),
  z
    .strictObject({
      kind: z.literal('clockDrift'),
      ...lasting,
      hosts,
      ppm: z
        .int()
        .min(-DRIFT_PPM_MAX)
        .max(DRIFT_PPM_MAX)
        .meta({ description: 'How much too fast, in millionths; negative: too slow.' }),
    })
    .meta({ description: 'Clocks run too fast or too slow.' }),
  z
    .strictObject({
      kind: z.literal('timerJitter'),
      ...lasting,
      hosts,
      upTo: duration.meta({ description: 'The most by which a timer is late.' }),
    })
    .meta({ description: 'Timers fire late.' }),
  z
    .strictObject({
      kind: z.literal('diskSlow'),
      ...lasting,
      hosts,
      factor: z.int().min(2).max(100_000).meta({ description: 'So many times slower.' }),
    })
    .meta({ description: 'Writes and flushes take longer; needs hosts with disk times.' }),
  z
    .strictObject({
      kind: z.literal('diskFull'),
      ...lasting,
      hosts,
      roomBytes: count.optional().meta({ description: 'Bytes that still fit; default 0.' }),
    })
    .meta({ description: 'Disks are full; the hosts are started again a second after there is room.' }),
  z
    .strictObject({
      kind: z.literal('diskError'),
      ...lasting,
      hosts,
      on: z.enum(['read', 'write', 'flush']).meta({ description: 'What fails.' }),
    })
    .meta({ description: 'Disks fail; the hosts are started again a second after it ends.' }),
  z
    .strictObject({
      kind: z.literal('bitRot'),
      ...when,
      hosts,
      records,
      where: z
        .enum(['value', 'key'])
        .optional()
        .meta({ description: 'What of a record a bit flips in; default value.' }),
    })
    .meta({ description: 'Bits flip in what disks hold.' }),
  z
    .strictObject({ kind: z.literal('staleValue'), ...when, hosts, records })
    .meta({ description: 'Records hold an earlier value.' }),
  z
    .strictObject({ kind: z.literal('misdirected'), ...when, hosts, records })
    .meta({ description: 'Records hold the value of another.' }),
  z
    .strictObject({ kind: z.literal('missingKey'), ...when, hosts, records })
    .meta({ description: 'Records are gone.' }),
  z
    .strictObject({ kind: z.literal('lyingFlush'), ...lasting, hosts })
    .meta({ description: 'Disks say that data is durable while it is not.' }),
]);

/** The kinds of faults, in the order of the schema. */
const FAULT_KINDS: readonly string[] = faultSchema.options.map((option) => option.shape.kind.value);

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

const networkSchema = z.strictObject({
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

const chainSchema = z.strictObject({
  engine: z.enum(['pow', 'round-robin']).optional().meta({ description: 'The consensus; default pow.' }),
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
});

const nodeFeaturesSchema = z.strictObject({
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
  skew: signedDuration.optional().meta({ description: 'Its wall clock against true time; default 0s.' }),
  driftPpm: z
    .int()
    .min(-DRIFT_PPM_MAX)
    .max(DRIFT_PPM_MAX)
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
});

const cpuSchema = z.strictObject({
  hashNs: count.optional().meta({ description: 'Nanoseconds of a hash; default 0.' }),
  verifyUs: count.optional().meta({ description: 'Microseconds of a signature check; default 0.' }),
  signUs: count.optional().meta({ description: 'Microseconds of a signature; default 0.' }),
  executeNsPerGas: count.optional().meta({ description: 'Nanoseconds of one gas of execution; default 0.' }),
  decodeNsPerByte: count.optional().meta({ description: 'Nanoseconds of decoding one byte; default 0.' }),
});

const faultCountsSchema = z.strictObject(
  Object.fromEntries(
    FAULT_KINDS.map((kind) => [
      kind,
      count.optional().meta({ description: `Faults of kind ${kind} that had an effect.` }),
    ]),
  ),
);

const atLeastSchema = z.strictObject({
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
  faults: faultCountsSchema
    .optional()
    .meta({ description: 'Faults that had an effect, by kind: what did not happen proves nothing.' }),
});

const expectSchema = z
  .union([
    z.literal('pass'),
    z.literal('stall'),
    z.strictObject({
      violation: z.enum(ORACLE_NAMES).meta({ description: 'The law that must be violated.' }),
    }),
  ])
  .meta({
    description: 'What the run must come to: pass; stall: no agreement in time; or a named violation.',
  });

/** A scenario file. */
export const scenarioSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and dashes, at most 64')
      .meta({
        title: 'a name of lower-case letters, digits and dashes',
        examples: ['split-and-heal'],
        description: 'Name of the scenario in everything that is printed.',
      }),
    shows: z.string().min(10).meta({
      title: 'a sentence of at least 10 characters',
      description: 'What this scenario shows, in one sentence for people.',
    }),
    duration: duration
      .refine(
        (text) => (parseDurationUs(text) ?? 0) > 0 && (parseDurationUs(text) ?? 0) <= SCENARIO_LENGTH_MAX_US,
        'a duration above 0s and at most 400d',
      )
      .meta({ description: 'Simulated time of the whole run, at most 400d.' }),
    seed: z.string().min(1).max(256).optional().meta({
      title: 'a text of 1 to 256 characters, in quotes when it looks like a number',
      description: 'The seed when the command line gives none; default 1.',
    }),
    nodes: z
      .int()
      .min(1)
      .max(SCENARIO_HOSTS_MAX)
      .meta({ description: 'Number of hosts, each with one node: n0, n1 and so on.' }),
    signatures: z.enum(['real', 'modelled']).optional().meta({
      description:
        'Ed25519, or a keyed hash that nobody in the simulation can forge, for speed; default real.',
    }),
    chain: chainSchema.optional().meta({ description: 'The blockchain: consensus, blocks, finality.' }),
    node: nodeFeaturesSchema.optional().meta({ description: 'What nodes do, switched on and off.' }),
    network: networkSchema.optional().meta({ description: 'Links between hosts.' }),
    hosts: z
      .array(hostRuleSchema)
      .optional()
      .meta({ description: 'How some hosts differ; of several rules for one host the later counts.' }),
    cpu: cpuSchema
      .optional()
      .meta({ description: 'What work costs in simulated time; default: everything is free.' }),
    load: z.array(loadSchema).optional().meta({ description: 'What clients send; default: nothing.' }),
    faults: z.array(faultSchema).optional().meta({ description: 'What goes wrong; default: nothing.' }),
    quiet: duration.optional().meta({
      description:
        'No faults in the last part of the run, in which all must converge; default: 12 block intervals, at least 60s, at most half of the run.',
    }),
    liveness: z.enum(['required', 'core', 'excused']).optional().meta({
      description:
        'required: all heal and converge; core: a drawn quorum heals and must go on, the others are lost for ever; excused: nothing is demanded; default required.',
    }),
    stopAtHeight: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'Ends the run early, once every live node is that high; default: never.' }),
    expect: expectSchema,
    atLeast: atLeastSchema
      .optional()
      .meta({ description: 'What must have happened, else the run fails for having proved nothing.' }),
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

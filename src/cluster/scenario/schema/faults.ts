/** `faults` of a scenario file: what can go wrong, one strict object a kind. */
import { z } from 'zod';
import { count, driftPpm, duration, hostIndex, hosts, percent, range, signedDuration } from './values.ts';

/** Records of a disk that one line may damage. */
const RECORDS_MAX = 10_000;

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
      ppm: driftPpm.meta({ description: 'How much too fast, in millionths; negative: too slow.' }),
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
export const FAULT_KINDS: readonly string[] = faultSchema.options.map((option) => option.shape.kind.value);

export type FaultLine = z.infer<typeof faultSchema>;

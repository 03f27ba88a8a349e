/** `plan` and `messageFaults` of a scenario file: faults one by one, as a failure's capsule keeps them; nothing of them is drawn. */
import { z } from 'zod';
import type { Fault } from '../../../sim/fault.ts';
import type { MessageException } from '../../../sim/network/ports.ts';
import { SCENARIO_LENGTH_MAX_US } from '../limits.ts';
import { hostIndex } from './values.ts';

/** Hits any key on a disk: an unsigned 32-bit draw. */
const WORD_MAX = 4_294_967_295;
const PPM_MAX = 1_000_000;
const DRIFT_PPM_MAX = 500_000;
/** Explicit faults of one file: past it the file is no failure that somebody looks at. */
const PLAN_MAX = 200_000;

const us = z.int().min(0).max(SCENARIO_LENGTH_MAX_US).meta({ description: 'Microseconds.' });
const span = z
  .union([us, z.literal('forever')])
  .meta({ description: 'How long it lasts, or hosts stay down, in microseconds.' });
const hosts = z.array(hostIndex).meta({ description: 'Host numbers; nobody: it changes nothing.' });
const word = z.int().min(0).max(WORD_MAX);
const ppm = z.int().min(0).max(PPM_MAX).meta({ description: 'A share, in millionths.' });
const ends = z.union([z.literal('all'), hosts]).meta({ description: 'Hosts at one end of the links.' });
const links = z
  .strictObject({
    from: ends,
    to: ends,
    bothWays: z.boolean().meta({ description: 'The way back too.' }),
  })
  .meta({ description: 'Which links.' });

const change = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('split'),
    groups: z.array(hosts).meta({ description: 'Hosts that still reach each other.' }),
  }),
  z.strictObject({
    kind: z.literal('ring'),
    hosts,
    reach: z.int().min(1).meta({ description: 'Places in the ring that a host reaches.' }),
  }),
  z.strictObject({ kind: z.literal('isolate'), hosts }),
  z.strictObject({ kind: z.literal('cut'), links }),
  z.strictObject({ kind: z.literal('clog'), links }),
  z.strictObject({ kind: z.literal('loss'), links, ppm }),
  z.strictObject({ kind: z.literal('latency'), links, extraUs: us }),
  z.strictObject({
    kind: z.literal('bandwidth'),
    links,
    kbitPerS: z.int().min(1).meta({ description: 'Kilobits a second.' }),
  }),
  z.strictObject({ kind: z.literal('corrupt'), links, ppm }),
  z.strictObject({ kind: z.literal('duplicate'), links, ppm }),
  z.strictObject({ kind: z.literal('reorder'), links, ppm, byUs: us }),
]);

const hexKey = z.string().regex(/^(?:[0-9a-f]{2}){1,512}$/, 'a key of 1 to 512 bytes in hexadecimal');
const target = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('key'), key: hexKey.meta({ description: 'The key, in hexadecimal.' }) }),
    z.strictObject({
      kind: z.literal('drawn'),
      draw: word.meta({ description: 'Picks one of the keys that are there.' }),
      prefix: hexKey.exactOptional().meta({ description: 'Of the keys that begin so.' }),
    }),
  ])
  .meta({ description: 'Which record is hit.' });
const bit = word.meta({ description: 'Which bit flips, modulo their number.' });

const diskFault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lyingFlush') }),
  z.strictObject({ kind: z.literal('lostWrite'), target }),
  z.strictObject({ kind: z.literal('staleValue'), target }),
  z.strictObject({ kind: z.literal('misdirectedValue'), target, source: target }),
  z.strictObject({ kind: z.literal('missingKey'), target }),
  z.strictObject({ kind: z.literal('bitRotValue'), target, bit }),
  z.strictObject({ kind: z.literal('bitRotKey'), target, bit }),
  z.strictObject({ kind: z.literal('oldSnapshot') }),
  z.strictObject({
    kind: z.literal('ioError'),
    on: z.enum(['read', 'write', 'flush']).meta({ description: 'What fails.' }),
  }),
  z.strictObject({
    kind: z.literal('diskFull'),
    on: z.enum(['write', 'flush']).meta({ description: 'What fails.' }),
    roomBytes: z.int().min(0).meta({ description: 'Bytes that still fit.' }),
  }),
  z.strictObject({
    kind: z.literal('slow'),
    multiplier: z.int().min(1).max(100_000).meta({ description: 'So many times slower.' }),
  }),
]);

const head = {
  id: z
    .string()
    .min(1)
    .max(128)
    .meta({ description: 'Its name; what stands before the first / is its kind.' }),
  atUs: us.meta({ description: 'When it happens or begins, in microseconds.' }),
  off: z
    .boolean()
    .exactOptional()
    .meta({ description: 'Leaves it out and shifts nothing else; default false.' }),
};
const variant = z
  .enum(['v1', 'v2'])
  .exactOptional()
  .meta({ description: 'The code with which hosts return; default: as before.' });

/** One fault, with every value that a line of `faults` leaves to the seed. Times are microseconds. */
const explicitFaultSchema: z.ZodType<Fault> = z
  .discriminatedUnion('kind', [
    z.strictObject({
      ...head,
      kind: z.literal('crash'),
      hosts,
      how: z.enum(['kill', 'power']).meta({ description: 'The process, or the machine.' }),
      at: z
        .strictObject({
          of: z.enum(['handler', 'boot', 'run']).meta({ description: 'What the count begins with.' }),
          count: z.int().min(0).meta({ description: 'So many effects still happen.' }),
        })
        .exactOptional()
        .meta({ description: 'Inside a handler, between two of its effects; default: between handlers.' }),
      downUs: span,
      disk: z.enum(['keep', 'empty', 'old']).meta({ description: 'The disk with which hosts return.' }),
      variant,
    }),
    z.strictObject({
      ...head,
      kind: z.literal('stop'),
      hosts,
      deadlineUs: us.meta({ description: 'Then the process is killed.' }),
      downUs: span,
      variant,
    }),
    z.strictObject({ ...head, kind: z.literal('start'), hosts, variant }),
    z.strictObject({ ...head, kind: z.literal('pause'), hosts, forUs: span }),
    z.strictObject({
      ...head,
      kind: z.literal('clockStep'),
      hosts,
      byUs: z
        .int()
        .min(-SCENARIO_LENGTH_MAX_US)
        .max(SCENARIO_LENGTH_MAX_US)
        .meta({ description: 'How far the wall clock jumps; negative: back.' }),
    }),
    z.strictObject({
      ...head,
      kind: z.literal('clockDrift'),
      hosts,
      ppm: z
        .int()
        .min(-DRIFT_PPM_MAX)
        .max(DRIFT_PPM_MAX)
        .meta({ description: 'How much too fast, in millionths; negative: too slow.' }),
      forUs: span,
    }),
    z.strictObject({ ...head, kind: z.literal('timerJitter'), hosts, upToUs: us, forUs: span }),
    z.strictObject({ ...head, kind: z.literal('diskSnapshot'), hosts }),
    z.strictObject({
      ...head,
      kind: z.literal('disk'),
      hosts,
      fault: diskFault.meta({ description: 'What the disks do.' }),
      forUs: span,
    }),
    z.strictObject({
      ...head,
      kind: z.literal('link'),
      change: change.meta({ description: 'What becomes of the links.' }),
      forUs: span,
    }),
  ])
  .meta({ description: 'One fault, every value stated; times in microseconds.' });

/** `plan`: all faults of a run, in place of `faults`. */
export const planSchema = z.array(explicitFaultSchema).max(PLAN_MAX);

const effect = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('drop') }),
  z.strictObject({ kind: z.literal('delay'), us }),
  z.strictObject({ kind: z.literal('duplicate') }),
  z.strictObject({ kind: z.literal('corrupt') }),
]);

/** `messageFaults`: which messages suffer what; with it nothing else befalls any message. */
export const messageFaultsSchema: z.ZodType<readonly MessageException[]> = z
  .array(
    z.strictObject({
      from: hostIndex.meta({ description: 'Who sends it.' }),
      to: hostIndex.meta({ description: 'Whom it is for.' }),
      messageKind: z.string().min(1).max(64).meta({ description: 'Its kind.' }),
      ordinal: z.int().min(0).meta({ description: 'The so-manieth of its kind on this link, from 0.' }),
      effect: effect.meta({ description: 'What it suffers.' }),
    }),
  )
  .max(PLAN_MAX);

/** Scenario files: what they may say, as strict zod objects from which types, validation and JSON Schema derive. */
import { z } from 'zod';
import { parseDurationUs } from './duration.ts';
import { SCENARIO_HOSTS_MAX, SCENARIO_LENGTH_MAX_US } from './limits.ts';
import { byzantineSchema } from './schema/byzantine.ts';
import { chainSchema } from './schema/chain.ts';
import { atLeastSchema, expectSchema } from './schema/expectations.ts';
import { messageFaultsSchema, planSchema } from './schema/explicit.ts';
import { faultSchema } from './schema/faults.ts';
import { cpuSchema, hostRuleSchema, nodeFeaturesSchema } from './schema/hosts.ts';
import { loadSchema } from './schema/load.ts';
import { networkSchema } from './schema/network.ts';
import { proposalSchema } from './schema/proposals.ts';
import { duration } from './schema/values.ts';

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
    proposals: z
      .array(proposalSchema)
      .optional()
      .meta({ description: 'What operators tell their nodes to vote for; default: nothing.' }),
    faults: z.array(faultSchema).optional().meta({ description: 'What goes wrong; default: nothing.' }),
    plan: planSchema.optional().meta({
      description:
        'Faults one by one, in place of faults: as a capsule keeps them, nothing is drawn. Default: drawn from faults.',
    }),
    messageFaults: messageFaultsSchema.optional().meta({
      description:
        'The messages that are lost, delayed or corrupted, in place of drawing them: the ordinal-th of a kind on a link. Default: drawn.',
    }),
    byzantine: byzantineSchema.optional().meta({
      description:
        'Hosts that break the protocol, drawn by the seed; default: those of hosts[].byzantine alone.',
    }),
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

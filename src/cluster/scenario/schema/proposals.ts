/** `proposals` of a scenario file: what operators tell their nodes to propose, as an engine with votes takes it. */
import { z } from 'zod';
import { duration, hostIndex, hosts } from './values.ts';

/** One line of `proposals`. */
export const proposalSchema = z.strictObject({
  at: duration.meta({ description: 'When the operators say so; where a node is down, once it is back.' }),
  hosts,
  add: hostIndex.optional().meta({ description: 'Votes to add the key of this host, until withdrawn.' }),
  drop: hostIndex.optional().meta({ description: 'Votes to drop the key of this host, until withdrawn.' }),
  withdraw: hostIndex.optional().meta({ description: 'No more votes about the key of this host.' }),
});

export type ProposalLine = z.infer<typeof proposalSchema>;

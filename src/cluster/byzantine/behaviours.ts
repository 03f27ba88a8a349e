/** The behaviours that a scenario may name: one file each, one line here. */
import { z } from 'zod';
import { amnesia } from './amnesia.ts';
import type { Behaviour } from './behaviour.ts';
import { coalition } from './coalition.ts';
import { doubleSpender } from './double-spender.ts';
import { doubleVoter } from './double-voter.ts';
import { eclipse } from './eclipse.ts';
import { equivocatingProposer } from './equivocating-proposer.ts';
import { flooding } from './flooding.ts';
import { forgedCertificates } from './forged-certificates.ts';
import { forgedVotes } from './forged-votes.ts';
import { garbage } from './garbage.ts';
import { invalidStateRoot } from './invalid-state-root.ts';
import { invalidTransactions } from './invalid-transactions.ts';
import { lyingSync } from './lying-sync.ts';
import { replayingVotes } from './replaying-votes.ts';
import { selective } from './selective.ts';
import { silent } from './silent.ts';
import { timestampLiar } from './timestamp-liar.ts';
import { withholdingMiner } from './withholding-miner.ts';

/** A behaviour with its parameters. */
export const behaviourLine = z.discriminatedUnion('kind', [
  silent.schema,
  selective.schema,
  withholdingMiner.schema,
  doubleSpender.schema,
  equivocatingProposer.schema,
  invalidStateRoot.schema,
  invalidTransactions.schema,
  timestampLiar.schema,
  lyingSync.schema,
  garbage.schema,
  flooding.schema,
  eclipse.schema,
  doubleVoter.schema,
  amnesia.schema,
  forgedVotes.schema,
  forgedCertificates.schema,
  replayingVotes.schema,
  coalition.schema,
]);

/** All of them, in the order of the schema. */
export const BEHAVIOURS: readonly Behaviour[] = [
  silent,
  selective,
  withholdingMiner,
  doubleSpender,
  equivocatingProposer,
  invalidStateRoot,
  invalidTransactions,
  timestampLiar,
  lyingSync,
  garbage,
  flooding,
  eclipse,
  doubleVoter,
  amnesia,
  forgedVotes,
  forgedCertificates,
  replayingVotes,
  coalition,
];

/** Two hosts with one key: no behaviour of a line, but counted as one. */
export const TWIN = 'twin';

/** Everything that is counted, by name. */
export const DEVIATIONS: readonly string[] = [...BEHAVIOURS.map(({ kind }) => kind), TWIN];

const behaviourName = z
  .enum(BEHAVIOURS.map(({ kind }) => kind))
  .meta({ description: 'A behaviour with its defaults.' });

/** A line, or its name alone for all defaults. */
export const behaviourSchema = z.union([behaviourName, behaviourLine]);

export type BehaviourLine = z.infer<typeof behaviourLine>;

/** The line that a scenario's text means. */
export function lineOf(text: z.infer<typeof behaviourSchema>): BehaviourLine {
  return typeof text === 'string' ? behaviourLine.parse({ kind: text }) : text;
}

/** The behaviour of that name. */
export function behaviourOf(kind: string): Behaviour | undefined {
  return BEHAVIOURS.find((behaviour) => behaviour.kind === kind);
}

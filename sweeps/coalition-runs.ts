/** One run of a coalition against a chain with stake: what it was to break, whether it did, and whom the signatures accuse. */
import type { Commit } from '../src/chain/consensus/pos/commit.ts';
import {
  type LightBlock,
  lightBlockFlaw,
  lightBlockItems,
  type Trusted,
} from '../src/chain/consensus/pos/light-client.ts';
import { createValidatorSet } from '../src/chain/consensus/pos/proposer-priority.ts';
import { decodeRoundField, encodeRoundField } from '../src/chain/consensus/pos/round.ts';
import { placeOf, type ValidatorSet } from '../src/chain/consensus/pos/validator-set.ts';
import { validatorsHash } from '../src/chain/consensus/pos/validators-hash.ts';
import { VOTE, voteSignBytes } from '../src/chain/consensus/pos/vote.ts';
import { taggedBytes } from '../src/chain/crypto/sha256.ts';
import { TAG } from '../src/chain/crypto/tags.ts';
import type { Header } from '../src/chain/types/block.ts';
import { genesisHash } from '../src/chain/types/genesis-codec.ts';
import { blockId } from '../src/chain/types/header-codec.ts';
import { amount, type BlockHash, hash, height, signature } from '../src/chain/types/units.ts';
import { resolveScenario } from '../src/cluster/resolve.ts';
import { type ScenarioFile, scenarioSchema } from '../src/cluster/scenario/schema.ts';
import { TestCluster } from '../src/cluster/test-cluster.ts';
import { bytesToHex } from '../src/env/bytes.ts';
import { unixMs } from '../src/env/units.ts';
import type { CryptoSuite } from '../src/sim/crypto-suite.ts';
import { createStream } from '../src/sim/seeds.ts';

export const COALITIONS = ['equivocation', 'amnesia', 'lunatic'] as const;
export type CoalitionKind = (typeof COALITIONS)[number];

/** Just over a third of the power, or the most that is less than a third. */
export const SIZES = ['over', 'f'] as const;
export type CoalitionSize = (typeof SIZES)[number];

/** What the three groups have at stake: with the coalition each honest group has a quorum, or one of them lacks one unit. */
const STAKES: Readonly<Record<CoalitionSize, readonly [number, number, number]>> = {
  over: [33_333, 33_333, 33_334],
  f: [33_334, 33_333, 33_333],
};
/** Hosts of a group at most, drawn. */
const GROUP_MAX = 3;
const ATTACK_S = 8;
/** Every member has had its turn by then. */
const SECONDS = 40;

export interface CoalitionOutcome {
  /** Somebody honest took for decided what others did not. */
  readonly isBroken: boolean;
  /** The coalition came to act at all. */
  readonly hasActed: boolean;
  /** Of what is broken: signatures accuse a third of the power or more, and nobody honest. */
  readonly isAccounted: boolean;
  /** Laws that were broken, though they hold whatever a coalition does. */
  readonly faults: readonly string[];
}

interface Groups {
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly members: readonly number[];
  /** By host. */
  readonly stakes: readonly number[];
}

function drawGroups(seed: string, size: CoalitionSize): Groups {
  const stream = createStream(seed, 'coalition/groups');
  const stakes: number[] = [];
  const [first = [], second = [], members = []] = STAKES[size].map((stake) => {
    const count = stream.between(1, GROUP_MAX);
    return Array.from({ length: count }, (_, i) => {
      const rest = i === 0 ? stake % count : 0;
      stakes.push(Math.floor(stake / count) + rest);
      return stakes.length - 1;
    });
  });
  return { first, second, members, stakes };
}

/** The scenario of a seed; in that of a lunatic header its makers are honest until they sign it. */
function coalitionScenario(kind: CoalitionKind, size: CoalitionSize, seed: string): ScenarioFile {
  const { first, second, members, stakes } = drawGroups(seed, size);
  const stream = createStream(seed, 'coalition/network');
  const fastest = stream.between(5, 40);
  const script = kind === 'lunatic' ? undefined : kind;
  return scenarioSchema.parse({
    name: `coalition-${kind}-${size}`,
    shows: 'A coalition that tries to make two honest groups decide differently.',
    duration: `${SECONDS}s`,
    quiet: '10s',
    nodes: stakes.length,
    signatures: 'modelled',
    chain: { engine: 'pos', blockInterval: '1s' },
    network: { latency: { uniform: `${fastest}ms..${fastest + stream.between(5, 60)}ms` } },
    hosts: [
      ...stakes.map((stake, host) => ({ hosts: [host], stake })),
      ...(script === undefined
        ? []
        : [
            {
              hosts: members,
              byzantine: [{ kind: 'coalition', script, second, from: `${ATTACK_S}s` }],
            },
          ]),
    ],
    faults:
      script === undefined
        ? []
        : [
            {
              kind: 'partition',
              at: `${ATTACK_S - 1}s`,
              for: `${SECONDS - ATTACK_S - 11}s`,
              // Members are in no group: they reach both.
              groups: [first, second],
            },
          ],
    expect: 'pass',
  });
}

/** Plays one seed to its end. @param suite for real hashes. */
export function runCoalition(
  kind: CoalitionKind,
  size: CoalitionSize,
  seed: string,
  suite: CryptoSuite,
): CoalitionOutcome {
  const plan = resolveScenario(coalitionScenario(kind, size, seed), seed);
  const cluster = new TestCluster(plan, { nativeSuite: suite });
  while (cluster.step(100_000).kind === 'running');
  const status = cluster.simulator.status();
  if (status.kind === 'ended' && 'error' in status.reason) throw status.reason.error;
  cluster.judge();
  return kind === 'lunatic' ? lunaticOutcome(cluster, drawGroups(seed, size), seed) : splitOutcome(cluster);
}

/** Accountability looks at the first height that was decided twice, and reports where it cannot name a third of the power. */
function splitOutcome(cluster: TestCluster): CoalitionOutcome {
  const checked = cluster.oracleChecks().find(({ name }) => name === 'accountability')?.checked ?? 0;
  const isBroken = checked > 0;
  return {
    isBroken,
    hasActed: cluster.byzantine.deviations().some(({ times }) => times > 0),
    isAccounted: isBroken && !cluster.violations.some(({ oracle }) => oracle === 'accountability'),
    faults: cluster.violations.map(({ oracle, rule, fact }) => `${oracle}/${rule}: ${fact}`),
  };
}

const CLIENT = { trustingMs: 3_600_000, clockDriftMs: 10_000 };
/** Blocks between the one that the light client trusts and the made-up one: not adjacent. */
const SKIP_MIN = 2;
const SKIP_MAX = 8;

/** A header that no honest host has, of a set that is the coalition alone, shown to a light client which trusts an old block. */
function lunaticOutcome(cluster: TestCluster, { members }: Groups, seed: string): CoalitionOutcome {
  const { genesis } = cluster.setup.context;
  const suite = cluster.setup.suite;
  const set = createValidatorSet(genesis.validators);
  const headers = cluster.chains
    .wholeChain(cluster.disks(), 0, cluster.node(0).head)
    .blocks.map(({ block }) => block.header)
    .filter((header) => header.height > 0);
  const stream = createStream(seed, 'coalition/lunatic');
  const skip = stream.between(SKIP_MIN, SKIP_MAX);
  const at = stream.below(headers.length - skip);
  const base = headers[at];
  const honest = headers[at + skip];
  if (base === undefined || honest === undefined) throw new Error('the chain is longer than a client skips');
  const trusted: Trusted = { header: base, validators: set };
  if (decodeRoundField(base.consensus)?.validatorsHash !== validatorsHash(set))
    throw new Error('the validators of genesis are those of every height');
  const made = lunatic(cluster, { set, honest, members });
  const chain = genesisHash(genesis);
  const areSigned = lightBlockItems(chain, made).every((item) => suite.verify(item));
  const nowMs = unixMs(headers.at(-1)?.timestampMs ?? honest.timestampMs);
  const isTaken = areSigned && lightBlockFlaw(trusted, made, CLIENT, nowMs) === undefined;
  const isBroken = isTaken && blockId(made.header) !== blockId(honest);
  return {
    isBroken,
    hasActed: areSigned,
    isAccounted: isBroken && areSigned && isThird(cluster, { set, members }, made),
    faults: cluster.violations.map(({ oracle, rule, fact }) => `${oracle}/${rule}: ${fact}`),
  };
}

/** Who signed a header whose fields do not follow from the chain is guilty: CometBFT, spec/light-client/accountability, "lunatic". */
function isThird(
  cluster: TestCluster,
  { set, members }: { set: ValidatorSet; members: readonly number[] },
  { validators, commit }: LightBlock,
): boolean {
  let power = 0n;
  for (const { validator } of commit.votes) {
    const key = validators.validators[validator]?.key;
    const place = key === undefined ? undefined : placeOf(set, key);
    const host = cluster.setup.hostKeys.findIndex((keys) => keys.key === key);
    if (place === undefined || !members.includes(host)) return false;
    power += set.validators[place]?.power ?? 0n;
  }
  return 3n * power >= set.totalPower;
}

/** Another state at the height of an honest block, certified by a set that its signers chose: themselves. */
function lunatic(
  cluster: TestCluster,
  { set, honest, members }: { set: ValidatorSet; honest: Header; members: readonly number[] },
): LightBlock {
  const { hostKeys, suite, context } = cluster.setup;
  const keys = members.flatMap((host) => hostKeys[host] ?? []);
  const validators = createValidatorSet(
    keys.map(({ key }) => ({
      key,
      power: amount(set.validators[placeOf(set, key) ?? -1]?.power ?? 0n),
    })),
  );
  const [proposer] = validators.validators;
  if (proposer === undefined) throw new Error('a coalition has members');
  const setHash = validatorsHash(validators);
  const header: Header = {
    ...honest,
    stateRoot: hash('66'.repeat(32)),
    consensus: bytesToHex(
      encodeRoundField({
        round: 0,
        proposer: proposer.key,
        validatorsHash: setHash,
        nextValidatorsHash: setHash,
      }),
    ),
  };
  const block: BlockHash = blockId(header);
  const timestampMs = unixMs(header.timestampMs + 1);
  const content = { type: VOTE.precommit, height: height(header.height), round: 0, block, timestampMs };
  const bytes = taggedBytes(TAG.signVote, voteSignBytes(genesisHash(context.genesis), content));
  const votes = validators.validators.map(({ key }, validator) => {
    const secret = keys.find((own) => own.key === key)?.secret ?? new Uint8Array(0);
    return { validator, timestampMs, signature: signature(bytesToHex(suite.sign(secret, bytes))) };
  });
  const commit: Commit = { height: height(header.height), round: 0, block, votes };
  return { header, validators, commit };
}

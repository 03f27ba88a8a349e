/** Stake that cannot be: what genesis would refuse, told where it stands in the file. */
import { VALIDATORS_MAX } from '../../chain/consensus/pos/commit.ts';
import { selectHosts } from '../plan.ts';
import { hostPlans, posPlan } from '../resolve.ts';
import { formatDurationUs } from './duration.ts';
import type { ScenarioFile } from './schema.ts';
import type { Impossible } from './sense-byzantine.ts';
import { listProblems, type Path } from './sense-hosts.ts';

/** Stake moves where the engine has it, and each host has one owner. */
function stakesProblems({ chain, load = [], nodes }: ScenarioFile): readonly Impossible[] {
  const problems: Impossible[] = [];
  const owned = new Set<number>();
  for (const [i, line] of load.entries()) {
    if (line.kind !== 'stakes') continue;
    const path: Path = ['load', i, 'hosts'];
    if (chain?.engine !== 'pos') {
      const message = 'stake in an engine that has none';
      problems.push({ path: ['load', i, 'kind'], message, expected: 'chain.engine to be pos' });
    }
    const hosts = selectHosts(line.hosts ?? 'all', nodes, { shuffled: (items) => [...items] });
    problems.push(...listProblems(line.hosts === 'all' ? [] : (line.hosts ?? []), nodes, path));
    const twice = hosts.find((host) => owned.has(host));
    if (twice !== undefined) {
      const message = `host ${twice} has an owner in an earlier line of stakes`;
      problems.push({ path, message, expected: 'each host in one such line' });
    }
    for (const host of hosts) owned.add(host);
  }
  return problems;
}

/** What is set for stake where the engine has none. */
function strayProblems({ chain }: ScenarioFile): readonly Impossible[] {
  return (['rounds', 'staking'] as const)
    .filter((key) => chain?.[key] !== undefined)
    .map((key) => ({
      path: ['chain', key],
      message: `${key} of validators in an engine that has none`,
      expected: 'chain.engine to be pos',
    }));
}

/** The lines of a file that state something, or where it would stand. */
function stakingPath(scenario: ScenarioFile, ...keys: readonly string[]): Path {
  const staking = Object.entries(scenario.chain?.staking ?? {});
  const known = keys.find((key) => staking.some(([name]) => name === key));
  if (known !== undefined) return ['chain', 'staking', known];
  return scenario.chain?.staking === undefined ? ['chain', 'engine'] : ['chain', 'staking'];
}

/** Evidence must come while the stake that it is against is held. */
function evidenceProblems(scenario: ScenarioFile): readonly Impossible[] {
  const pos = posPlan(scenario.chain ?? {});
  const problems: Impossible[] = [];
  if (pos.evidenceBlocks >= pos.unbondingBlocks)
    problems.push({
      path: stakingPath(scenario, 'evidenceBlocks', 'unbondingBlocks'),
      message: `evidence counts for ${pos.evidenceBlocks} blocks, and unstaked coins wait ${pos.unbondingBlocks}`,
      expected: 'evidenceBlocks below unbondingBlocks',
    });
  if (pos.evidenceUs >= pos.unbondingUs)
    problems.push({
      path: stakingPath(scenario, 'evidence', 'unbonding'),
      message: `evidence counts for ${formatDurationUs(pos.evidenceUs)}, and unstaked coins wait ${formatDurationUs(pos.unbondingUs)}`,
      expected: 'evidence below unbonding',
    });
  return problems;
}

/** Who validates from the start has the least stake or more, and there is somebody. */
function genesisProblems(scenario: ScenarioFile): readonly Impossible[] {
  const { stakeMin, validatorsMax } = posPlan(scenario.chain ?? {});
  const tooLittle = (stake: number): boolean => stake > 0 && stake < stakeMin;
  const rules = (scenario.hosts ?? []).flatMap(({ stake }, i): Impossible[] =>
    stake === undefined || !tooLittle(stake)
      ? []
      : [
          {
            path: ['hosts', i, 'stake'],
            message: `a stake of ${stake}`,
            expected: `0, or at least ${stakeMin}, the least stake`,
          },
        ],
  );
  if (rules.length > 0) return rules;
  const stakes = hostPlans(scenario)
    .filter(({ twinOf }) => twinOf === undefined)
    .map(({ stake }) => stake)
    .filter((stake) => stake > 0);
  const [first] = stakes.filter(tooLittle);
  if (first !== undefined)
    return [
      {
        path: stakingPath(scenario, 'min'),
        message: `a least stake of ${stakeMin}, and hosts that have ${first}, as they do where nothing is said`,
        expected: `hosts to have a line with stake: ${stakeMin} or more`,
      },
    ];
  if (stakes.length === 0)
    return [{ path: ['hosts'], message: 'nobody has a stake', expected: 'at least one host with a stake' }];
  const most = Math.min(validatorsMax, VALIDATORS_MAX);
  if (stakes.length <= most) return [];
  return [
    {
      path: stakingPath(scenario, 'validatorsMax'),
      message: `${stakes.length} hosts have a stake, and ${most} may validate`,
      expected: `a line of hosts with stake: 0, so that at most ${most} have one`,
    },
  ];
}

/** Every contradiction about stake. */
export function findImpossibleStake(scenario: ScenarioFile): readonly Impossible[] {
  const loads = stakesProblems(scenario);
  if (scenario.chain?.engine !== 'pos') return [...loads, ...strayProblems(scenario)];
  return [...loads, ...evidenceProblems(scenario), ...genesisProblems(scenario)];
}

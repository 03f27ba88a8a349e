import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A rule of execution, and the code with another rule in its place: text of one file, which stands there once. */
interface Mutation {
  readonly rule: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const APPLY = 'src/chain/execution/apply-transaction.ts';
const POW = 'src/chain/consensus/pow';
const ROUND_ROBIN = 'src/chain/consensus/round-robin/rules.ts';
const STAKE = 'src/chain/consensus/pos';

const MUTATIONS: readonly Mutation[] = [
  {
    rule: 'the whole gas limit is set aside before the action sees the balance',
    file: APPLY,
    from: 'const reserved = feeMax(transaction);',
    to: `const size = transactionSizeBytes(transaction);
  const newcomer = createsAccount(state, transaction) ? genesis.parameters.gasPerNewAccount : 0;
  const wanted = intrinsicGas(genesis.parameters, size) + newcomer;
  const reserved = BigInt(Math.min(wanted, transaction.gasLimit)) * transaction.gasPrice;`,
  },
  {
    rule: 'a transfer of 0 takes no gas for an account',
    file: APPLY,
    from: "action.kind === 'transfer' && action.amount > 0n &&",
    to: "action.kind === 'transfer' &&",
  },
  {
    rule: 'a transfer of 0 creates no account',
    file: APPLY,
    from: '  if (value === 0n) return OK;\n',
    to: '',
  },
  {
    rule: 'a failed transfer to a new address takes only intrinsic gas',
    file: APPLY,
    from: 'return status === RECEIPT_STATUS.OK ? gas(intrinsic + creates) : intrinsic;',
    to: 'return gas(intrinsic + creates);',
  },
  {
    rule: 'old transactions stay valid after an upgrade',
    file: 'src/chain/execution/check-transaction.ts',
    from: 'transaction.version < PROTOCOL_VERSION_MIN || transaction.version > version',
    to: 'transaction.version !== version',
  },
  {
    rule: 'a sender without a leaf makes the block invalid',
    file: APPLY,
    from: "  if (!hasAccount(state, sender)) return { code: 'SENDER_UNKNOWN', sender };\n",
    to: '',
  },
  {
    rule: 'a turn of round robin weighs as much as there are producers, less those passed over',
    file: ROUND_ROBIN,
    from: 'view.producers.length - (turnOf(header)?.skipped ?? 0)',
    to: '(turnOf(header)?.skipped === 0 ? 2 : 1)',
  },
  {
    rule: 'constant difficulty stays at the first target',
    file: `${POW}/view.ts`,
    from: `  const { difficulty } = config;
  if (difficulty.kind === 'constant') return anchorTarget;`,
    to: `  const { difficulty: stated } = config;
  const asert = { intervalMs: 10_000, halfLifeMs: 60_000 };
  const difficulty = stated.kind === 'constant' ? asert : stated;`,
  },
  {
    rule: 'the last reward is cut to what the supply allows',
    file: `${POW}/rules.ts`,
    from: 'scheduled < room ? scheduled : room',
    to: 'scheduled <= room ? scheduled : 0n',
  },
  {
    rule: 'what is issued stays within the supply',
    file: `${POW}/rules.ts`,
    from: 'scheduled < room ? scheduled : room',
    to: 'scheduled',
  },
  {
    rule: 'newcomers start 1.125 times the total power behind',
    file: `${STAKE}/proposer-priority.ts`,
    from: '-(total + (total >> 3n))',
    to: '-total',
  },
  {
    rule: 'the average of priorities is rounded down',
    file: `${STAKE}/proposer-priority.ts`,
    from: 'sum < 0n && towardsZero * count !== sum ? towardsZero - 1n : towardsZero',
    to: 'towardsZero',
  },
  {
    rule: 'rounds after 0 have the proposers of the turns after the first',
    file: `${STAKE}/proposer-priority.ts`,
    from: 'proposers[round - 1]',
    to: 'proposers[0]',
  },
  {
    rule: 'the time of a block is the median by power, not by heads',
    file: `${STAKE}/bft-time.ts`,
    from: 'power: set.validators[validator]?.power ?? 0n',
    to: 'power: set.validators[validator] === undefined ? 0n : 1n',
  },
  {
    rule: 'stake that unbonds is slashed while it counted at the height of the infraction',
    file: `${STAKE}/slashing.ts`,
    from: 'entry.height >= at',
    to: 'entry.height > at',
  },
  {
    rule: 'stake unbonds after the last height that it counted in',
    file: `${STAKE}/staking.ts`,
    from: 'height: height(header.height + 1),',
    to: 'height: header.height,',
  },
  {
    rule: 'evidence comes before the transactions of its block',
    file: `${STAKE}/rules.ts`,
    from: "phase === 'begin' ? begin(view, block, state) : end(view, block, state)",
    to: "phase === 'begin' ? NO_EFFECTS : { ...end(view, block, state), burnt: begin(view, block, state).burnt }",
  },
  {
    rule: 'changes of a block act two heights later',
    file: `${STAKE}/set-changes.ts`,
    from: 'return nextTurn(changeValidators(set, members));',
    to: 'return changeValidators(nextTurn(set), members);',
  },
];

/** Builds the chains of rules, and says whether they are the stored ones. Runs in the copy. */
const PROBE = `
import { readFileSync } from 'node:fs';
const stored = JSON.parse(readFileSync('tests/vectors/aureon-v1.json', 'utf8'));
const { goldenRules } = await import('./tests/vectors/golden-rules.ts');
const { chainOf } = await import('./tests/vectors/golden-chain.ts');
const { PROOF_OF_STAKE } = await import('./tests/vectors/golden-stake.ts');
let same = false;
try {
  const { chains, refused } = goldenRules();
  const ofStake = stored.chains.filter(({ engine }) => engine === 'pos');
  same =
    JSON.stringify([stored.chains.slice(-chains.length), stored.refused, ofStake]) ===
    JSON.stringify([chains, refused, [chainOf(PROOF_OF_STAKE).vector]]);
} catch (error) {
  if (error.name !== 'AssertionError') throw error;
}
console.log(same ? 'same' : 'noticed');
`;

describe('the golden vectors', () => {
  let copy = '';

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'aureon-vectors-'));
    for (const folder of ['src/env', 'src/chain', 'tests/vectors']) {
      cpSync(folder, join(copy, folder), { recursive: true });
    }
    cpSync('package.json', join(copy, 'package.json'));
    symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
    writeFileSync(join(copy, 'probe.ts'), PROBE);
  });
  afterAll(() => rmSync(copy, { recursive: true }));

  const probe = () => execFileSync(process.execPath, ['probe.ts'], { cwd: copy, encoding: 'utf8' }).trim();

  it('come out the same in an unchanged copy', () => {
    expect(probe()).toBe('same');
  });

  it.each(MUTATIONS)('notice it when this does not hold: $rule', ({ file, from, to }) => {
    const path = join(copy, file);
    const source = readFileSync(path, 'utf8');
    expect(source.split(from)).toHaveLength(2);
    writeFileSync(
      path,
      source.replace(from, () => to),
    );
    try {
      expect(probe()).toBe('noticed');
    } finally {
      writeFileSync(path, source);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { checkExport } from './checker.ts';
import {
  type Actor,
  actor,
  Chain,
  type Draft,
  GAS,
  LIMIT,
  listRoot,
  mine,
  OTHER_GAS,
  type Plan,
  type Planned,
  powConfig,
  roundRobinConfig,
  START_MS,
  seal31,
  TARGET,
  TRANSFER_GAS,
  targetText,
} from './producer.ts';

const alice = actor('alice');
const bob = actor('bob');
const mallory = actor('mallory');
const ZERO = '00'.repeat(32);
const OTHER = 'ab'.repeat(32);

/** Two blocks that are valid; the third is the test's. */
function chainOf(engine: 'pow' | 'round-robin', schedule: { height: number; version: number }[] = []): Chain {
  const chain = new Chain(
    engine,
    new Map([
      [alice, 1_000_000n],
      [bob, 500_000n],
    ]),
    schedule,
  );
  chain.append(chain.draft([chain.plan({ from: alice, to: bob.address, amount: 100n })]));
  return chain.append(chain.draft([chain.plan({ from: bob, amount: 5n })]));
}

const roundRobin = () => chainOf('round-robin');
const pow = () => chainOf('pow');

/** The rules that a chain breaks; all of them in its last block. */
function broken(chain: Chain): string[] {
  const problems = checkExport(chain.export);
  for (const { height } of problems) expect(height).toBe(chain.height - 1);
  return problems.map(({ rule }) => rule);
}

/** The rules that break when `change` alters the third block, which is sealed after that. */
function afterChange(chain: Chain, change: (draft: Draft) => void, plans: readonly Planned[] = []): string[] {
  const draft = chain.draft(plans);
  change(draft);
  return broken(chain.append(draft));
}

/** Three transfers whose order matters. */
function three(chain: Chain): Planned[] {
  const nonce = chain.nonces.get(alice.address) ?? 0;
  return [
    chain.plan({ from: alice, nonce, to: bob.address, amount: 1n }),
    chain.plan({ from: alice, nonce: nonce + 1, to: bob.address, amount: 2n }),
    chain.plan({ from: bob, to: alice.address, amount: 3n }),
  ];
}

describe('the third block of a valid chain', () => {
  it('is accepted unchanged', () => {
    for (const chain of [roundRobin(), pow()]) expect(afterChange(chain, () => {}, three(chain))).toEqual([]);
  });

  it.each<[string, string, (draft: Draft) => void]>([
    ['version', 'another version', (d) => (d.version = 2)],
    ['height', 'another height, whose turn is the same', (d) => (d.height += 3)],
    ['parent', 'another parent', (d) => (d.parent = OTHER)],
    ['timestamp', 'a millisecond before the period is over', (d) => (d.timestampMs -= 1)],
    ['messages-root', 'a root of messages', (d) => (d.messagesRoot = OTHER)],
    [
      'history-root',
      'a history without genesis',
      (d) => (d.historyRoot = listRoot([Buffer.from(d.parent, 'hex')])),
    ],
    ['transaction-count', 'another count', (d) => (d.txCount += 1)],
    ['transactions-root', 'another root of transactions', (d) => (d.transactionsRoot = OTHER)],
    ['transactions-root', 'a last leaf that counts twice', lastLeafTwice],
    ['receipts-root', 'another root of receipts', (d) => (d.receiptsRoot = OTHER)],
    ['state-root', 'another root of state', (d) => (d.stateRoot = OTHER)],
    ['system-root', 'another root of system data', (d) => (d.systemRoot = ZERO)],
    ['gas-used', 'more gas', (d) => (d.gasUsed += 1)],
    ['consensus-field', 'no turn', (d) => (d.consensus = d.consensus.slice(4))],
    ['turn', 'a turn without waiting for it', (d) => (d.consensus = `0001${d.consensus.slice(4)}`)],
    ['system-data', 'evidence, with its root', withEvidence],
    ['system-data', 'a last commit, with its root', withLastCommit],
  ])('breaks %s with %s', (rule, _what, change) => {
    const chain = roundRobin();
    const expected = rule === 'turn' ? ['timestamp', 'turn'] : [rule];
    const seals = rule === 'consensus-field' ? ['consensus-field'] : expected;
    const draft = chain.draft(three(chain));
    change(draft);
    const signer = chain.validators[3 % chain.validators.length] as Actor;
    expect(broken(chain.append(draft, (bytes) => seal31(bytes, signer)))).toEqual(seals);
  });

  it('breaks transactions-root, and what follows from the order, when two transactions change places', () => {
    const chain = roundRobin();
    const swap = (d: Draft) => d.transactions.unshift(...d.transactions.splice(2, 1));
    expect(afterChange(chain, swap, three(chain))).toEqual(['transactions-root', 'receipts-root']);
  });

  it('breaks receipts-root when the order is committed to, but not the order of receipts', () => {
    const chain = roundRobin();
    const swap = (d: Draft) => {
      d.transactions.unshift(...d.transactions.splice(2, 1));
      d.transactionsRoot = listRoot(d.transactions);
    };
    expect(afterChange(chain, swap, three(chain))).toEqual(['receipts-root']);
  });

  it('breaks receipts-root when a failure is told as success, and state-root when it acts as one', () => {
    const plan = { from: alice, to: bob.address, amount: 10_000_000n };
    const told = roundRobin();
    const honest = told.draft([told.plan(plan, { status: 1 })]);
    const lie = roundRobin();
    const lied = lie.draft([lie.plan(plan, { status: 6 })]);
    expect({ ...lied, receiptsRoot: honest.receiptsRoot }).toEqual(honest);
    expect(broken(lie.append(lied))).toEqual(['receipts-root']);
    const acts = roundRobin();
    const acted = acts.draft([acts.plan({ ...plan, amount: 990_000n }, { status: 0 })]);
    expect(broken(acts.append(acted))).toEqual(['receipts-root', 'state-root']);
  });

  it.each<[string, (chain: Chain) => void]>([
    ['a balance', (c) => c.balances.set(bob.address, c.balanceOf(bob) + 1n)],
    ['a balance, taken from another', (c) => move(c, alice, bob)],
    ['a nonce', (c) => c.nonces.set(alice.address, 0)],
    ['the counter of what was issued', (c) => (c.issued += 1n)],
    ['the counter of what was burnt', (c) => (c.burnt += 1n)],
    ['an account that does not exist', (c) => c.balances.set(OTHER, 0n)],
  ])('breaks state-root when its state differs in %s', (_what, change) => {
    for (const chain of [roundRobin(), pow()]) {
      change(chain);
      const draft = chain.draft([]);
      expect(broken(chain.append(draft))).toEqual(['state-root']);
    }
  });

  it('breaks layout when its bytes are no block', () => {
    const cuts: ((block: Buffer) => Buffer)[] = [
      (block) => Buffer.concat([block, Buffer.of(0)]),
      (block) => block.subarray(0, -1),
      (block) => changed(block, block.indexOf(Buffer.from(alice.key, 'hex')) + 32, 0x80), // nonce above 2^53
      (block) => changed(block, block.length - 5 - 65 - 41, 4), // tag of the action
      (block) => changed(block, block.length - 5 - 65, 63), // length of a signature
      (block) =>
        Buffer.concat([block.subarray(0, -70), Buffer.of(63), block.subarray(-69, -6), block.subarray(-5)]),
      (block) => changed(block, 2, 1), // height above 2^53
      (block) => Buffer.concat([block.subarray(0, -4), Buffer.from([0, 1, 0, 1]), Buffer.alloc(65_537)]), // lastCommit
    ];
    for (const cut of cuts) {
      const chain = roundRobin();
      chain.append(chain.draft(three(chain).slice(0, 1)));
      const whole = chain.blocks.pop() ?? Buffer.alloc(0);
      expect(broken(chain)).toEqual([]);
      chain.blocks.push(cut(whole));
      expect(broken(chain)).toEqual(['layout']);
    }
  });

  it.each(['', '0000', 'ff'])('breaks a rule of its engine when its consensus field is "%s"', (consensus) => {
    const seal = () => Buffer.alloc(64);
    const turn = roundRobin();
    const draft = turn.draft([]);
    expect(broken(turn.append({ ...draft, consensus }, seal))).toEqual(['consensus-field']);
    const work = pow();
    const mined = (bytes: Buffer) => mine(work.draft([], 0, 0n), bytes);
    expect(broken(work.append({ ...work.draft([]), consensus }, mined))).toEqual(['target']);
  });

  it('breaks layout with an action of a kind that is not listed', () => {
    const chain = roundRobin();
    chain.append(chain.draft([chain.plan({ from: bob, tag: 4 })]));
    expect(broken(chain)).toEqual(['layout']);
  });

  it('breaks layout above a mebibyte, whatever genesis states, and block-bytes below that', () => {
    for (const [items, rules] of [
      [15, ['block-bytes', 'system-data']],
      [16, ['layout']],
    ] as const) {
      const chain = roundRobin();
      const draft = chain.draft([]);
      draft.evidence = Array.from({ length: items }, () => Buffer.alloc(65_536));
      draft.systemRoot = listRoot([draft.lastCommit, ...draft.evidence]);
      expect(broken(chain.append(draft))).toEqual(rules);
    }
  });

  it('breaks block-gas above the limit of gas, not at it', () => {
    const unpaid = (count: number) => {
      const chain = roundRobin();
      const plans = Array.from({ length: count }, (_, i) =>
        chain.plan({ from: alice, nonce: 1 + i, to: OTHER, gasLimit: 5000 }, { status: 2, gasUsed: 5000 }),
      );
      return broken(chain.append(chain.draft(plans)));
    };
    expect(unpaid(20)).toEqual([]);
    expect(unpaid(21)).toEqual(['block-gas']);
  });

  it('breaks block-bytes above the limit of bytes', () => {
    const filled = (count: number) => {
      const chain = roundRobin();
      const plans = Array.from({ length: count }, (_, i) => chain.plan({ from: alice, nonce: 1 + i }));
      return broken(chain.append(chain.draft(plans)));
    };
    expect(filled(38)).toEqual([]);
    expect(filled(39)).toEqual(['block-bytes']);
  });
});

describe('a transaction, in a block whose roots follow it,', () => {
  it.each<[string, string, Partial<Plan>]>([
    ['transaction-version', 'version 0', { version: 0 }],
    ['transaction-version', 'a version that is not yet', { version: 2 }],
    ['transaction-chain', 'another chain', { chainId: OTHER }],
    ['transaction-signature', "another's signature", { signer: mallory }],
    ['transaction-key', 'a key of small order', { senderKey: `01${'00'.repeat(31)}` }],
    ['transaction-key', 'a key that is not canonical', { senderKey: `${'ff'.repeat(31)}7f` }],
    ['transaction-nonce', 'a used nonce', { nonce: 0 }],
    ['transaction-nonce', 'a nonce too high', { nonce: 2 }],
    ['transaction-expired', 'an end at the block before', { validUntilHeight: 2 }],
    ['gas-limit', 'less gas than its bytes take', { gasLimit: 204 * GAS.perByte + GAS.perSignature - 1 }],
    ['gas-limit', 'more gas than a block has', { gasLimit: GAS.blockMax + 1 }],
    ['gas-price', 'too low a price', { gasPrice: GAS.priceMin - 1n }],
    ['transaction-fee', 'a fee that its sender cannot pay', { gasPrice: 100n }],
    ['transaction-sender', 'a sender who has no account', { from: mallory, nonce: 0 }],
    ['action-version', 'a burn before version 2', { tag: 3 }],
  ])('breaks %s with %s', (rule, _what, plan) => {
    for (const chain of [roundRobin(), pow()]) {
      expect(afterChange(chain, () => {}, [chain.plan({ from: alice, ...plan })])).toEqual([rule]);
    }
  });

  it('breaks action-version with a burn of version 1 in a block of version 2', () => {
    const chain = chainOf('round-robin', [{ height: 3, version: 2 }]);
    expect(afterChange(chain, () => {}, [chain.plan({ from: alice, tag: 3 })])).toEqual(['action-version']);
    const good = chainOf('round-robin', [{ height: 3, version: 2 }]);
    const burn = good.plan({ from: alice, tag: 3, version: 2 }, { gasUsed: OTHER_GAS });
    expect(afterChange(good, () => {}, [burn])).toEqual([]);
  });

  it('is bound to its fee by the whole gas limit: one unit of balance less and the block is invalid', () => {
    for (const [more, rules] of [
      [0n, []],
      [1n, ['transaction-fee']],
    ] as const) {
      const chain = roundRobin();
      const gasLimit = 90_000;
      const price = 10n;
      const keep = BigInt(gasLimit) * price - more;
      const spare = chain.balanceOf(alice) - BigInt(TRANSFER_GAS) * GAS.priceMin - keep;
      chain.append(chain.draft([chain.plan({ from: alice, to: bob.address, amount: spare })]));
      expect(chain.balanceOf(alice)).toBe(keep);
      const plan = chain.plan({ from: alice, amount: 0n, gasLimit, gasPrice: price });
      expect(afterChange(chain, () => {}, [plan])).toEqual(rules);
    }
  });

  it.each([0, 1, 2])(
    'breaks transaction-signature when byte %i of S or R or the amount is altered',
    (which) => {
      const chain = roundRobin();
      const plan = chain.plan({ from: alice });
      const at = [plan.bytes.length - 32, plan.bytes.length - 64, plan.bytes.length - 66][which] ?? 0;
      plan.bytes[at] = (plan.bytes[at] ?? 0) ^ 1;
      expect(afterChange(chain, () => {}, [plan])).toEqual(['transaction-signature']);
      expect(checkExport(chain.export, 'skip')).toEqual([]);
    },
  );
});

describe('fees', () => {
  it('cannot be spent in the block that pays them, not even by a beneficiary who gets an account with them', () => {
    const paid = () => {
      const chain = new Chain('round-robin', new Map([[alice, 1_000_000n]]));
      return { chain, first: chain.plan({ from: alice }), producer: chain.validators[0] as Actor };
    };
    const same = paid();
    const early = same.chain.plan({ from: same.producer, amount: 0n, gasLimit: TRANSFER_GAS });
    expect(afterChange(same.chain, () => {}, [same.first, early])).toEqual(['transaction-sender']);
    const next = paid();
    next.chain.append(next.chain.draft([next.first]));
    const late = next.chain.plan({ from: next.producer, amount: 0n, gasLimit: TRANSFER_GAS });
    expect(afterChange(next.chain, () => {}, [late])).toEqual([]);
  });
});

describe('a seal', () => {
  it('of round robin breaks seal when it is altered, cut, or over other bytes; it is not judged when skipped', () => {
    const signerOf = (chain: Chain) => chain.validators[0] as Actor;
    const forge: ((bytes: Buffer, chain: Chain) => Buffer)[] = [
      (bytes, chain) => changed(seal31(bytes, signerOf(chain)), 40, 7),
      (bytes) => seal31(bytes, mallory),
      (bytes, chain) => seal31(bytes.subarray(1), signerOf(chain)),
    ];
    for (const make of forge) {
      const chain = roundRobin();
      expect(broken(chain.append(chain.draft([]), (bytes) => make(bytes, chain)))).toEqual(['seal']);
      expect(checkExport(chain.export, 'skip')).toEqual([]);
    }
    const cut = roundRobin();
    cut.append(cut.draft([]), (bytes) => seal31(bytes, signerOf(cut)).subarray(1));
    expect(broken(cut)).toEqual(['seal']);
    expect(checkExport(cut.export, 'skip')).not.toEqual([]);
  });

  it('of round robin breaks turn when another validator signs for itself, consensus-field when all are passed', () => {
    const out = roundRobin();
    const other = out.validators[1] as Actor;
    expect(afterChange(out, (d) => (d.consensus = `0000${other.key}`))).toEqual(['turn']);
    const stranger = roundRobin();
    const draft = stranger.draft([]);
    draft.consensus = `0000${mallory.key}`;
    expect(broken(stranger.append(draft, (bytes) => seal31(bytes, mallory)))).toEqual(['turn']);
    const all = roundRobin();
    expect(broken(all.append(all.draft([], 3)))).toEqual(['consensus-field']);
  });

  it('of work breaks seal when its hash is above the target, or when it has no 8 bytes', () => {
    const above = pow();
    const draft = above.draft([]);
    expect(broken(above.append(draft, (bytes) => mine(draft, bytes, false)))).toEqual(['seal']);
    const long = pow();
    const same = long.draft([]);
    expect(broken(long.append(same, (bytes) => Buffer.concat([mine(same, bytes), Buffer.of(0)])))).toEqual([
      'seal',
    ]);
  });
});

describe('proof of work', () => {
  it.each([2n * TARGET, TARGET - 1n, TARGET + 1n, LIMIT])('breaks target with %i', (target) => {
    const chain = pow();
    const draft = chain.draft([]);
    draft.consensus = targetText(target);
    const sealed = (bytes: Buffer) => mine({ ...draft, consensus: targetText(TARGET) }, bytes);
    expect(broken(chain.append(draft, sealed))).toEqual(['target']);
  });

  it('breaks target when a block forgets that its parent came late', () => {
    const chain = pow();
    const late = chain.draft([]);
    late.timestampMs += 10_000;
    expect(broken(chain.append(late))).toEqual([]);
    const draft = chain.draft([]);
    expect(broken(chain.append(draft))).toEqual(['target']);
  });

  it('of constant difficulty breaks target with any other, however late its blocks are', () => {
    const config = powConfig({ difficulty: 0 });
    for (const [target, rules] of [
      [TARGET, []],
      [2n * TARGET, ['target']],
    ] as const) {
      const chain = new Chain('pow', new Map([[alice, 1n]]), [], [bob], config);
      const late = chain.draft([]);
      late.timestampMs += 10_000;
      const draft = chain.append(late).draft([]);
      draft.consensus = targetText(target);
      const sealed = (bytes: Buffer) => mine({ ...draft, consensus: targetText(TARGET) }, bytes);
      expect(broken(chain.append(draft, sealed))).toEqual(rules);
    }
  });

  it('has the limit as its target after the latest of times', () => {
    const chain = pow();
    const late = chain.draft([]);
    late.timestampMs = Number.MAX_SAFE_INTEGER;
    chain.append(late);
    const draft = chain.draft([]);
    draft.timestampMs = Number.MAX_SAFE_INTEGER;
    draft.consensus = targetText(LIMIT);
    expect(broken(chain.append(draft))).toEqual([]);
  });

  it('breaks timestamp at the median of eleven, and not one millisecond later', () => {
    for (const [after, rules] of [
      [0, ['timestamp']],
      [1, []],
    ] as const) {
      const chain = pow();
      while (chain.height < 13) chain.append(chain.draft([]));
      const draft = chain.draft([]);
      draft.timestampMs = START_MS + 7000 + after; // the last eleven stand at 2 to 12 s
      expect(broken(chain.append(draft))).toEqual(rules);
    }
  });

  it('breaks timestamp at the later middle one of an even count', () => {
    const chain = chainOf('pow'); // 0, 1, 2 s
    chain.append(chain.draft([])); // 3 s: of 0, 1, 2, 3 the median is 2
    const draft = chain.draft([]);
    draft.timestampMs = START_MS + 2000;
    expect(broken(chain.append(draft))).toEqual(['timestamp']);
  });

  it('breaks state-root when a block issues more, less or nothing', () => {
    for (const reward of [49n, 51n, 0n]) {
      const chain = pow();
      expect(broken(chain.append(chain.draft([], 0, reward)))).toEqual(['state-root']);
    }
  });

  it('breaks state-root when the reward goes to somebody else than the header says', () => {
    expect(afterChange(pow(), (d) => (d.beneficiary = bob.address))).toEqual(['state-root']);
  });
});

describe('an export', () => {
  it('breaks genesis-block when block 0 is not the one of its genesis', () => {
    const chain = roundRobin();
    const first = chain.blocks[0] ?? Buffer.alloc(0);
    const rules = checkExport({ ...chain.export, blocks: [changed(first, 60, 1).toString('hex')] });
    expect(rules).toMatchObject([{ height: 0, rule: 'genesis-block' }]);
  });

  it.each([
    [[{ height: 0, version: 2 }]],
    [[{ height: 5, version: 1 }]],
    [
      [
        { height: 5, version: 2 },
        { height: 5, version: 3 },
      ],
    ],
    [
      [
        { height: 5, version: 3 },
        { height: 6, version: 2 },
      ],
    ],
  ])('breaks schedule with %j', (schedule) => {
    const rules = checkExport({ ...roundRobin().export, schedule }).map(({ rule }) => rule);
    expect(new Set(rules)).toEqual(new Set(['schedule']));
  });

  it('breaks version where the schedule comes to a version that nobody described, and layout when genesis does', () => {
    const chain = chainOf('round-robin', [{ height: 4, version: 3 }]);
    expect(broken(chain.append(chain.draft([])))).toEqual([]);
    expect(broken(chain.append(chain.draft([])))).toEqual(['version']);
    const { genesis } = roundRobin().export;
    expect(checkExport({ genesis: `${genesis.slice(0, -4)}0002`, schedule: [], blocks: [] })).toEqual([]);
    for (const version of ['0000', '0003']) {
      const problems = checkExport({ genesis: genesis.slice(0, -4) + version, schedule: [], blocks: [] });
      expect(problems).toMatchObject([{ height: 0, rule: 'layout' }]);
    }
  });

  describe('whose engine is configured', () => {
    const rulesOf = (engine: 'pow' | 'round-robin', config: Buffer) => {
      const chain = new Chain(engine, new Map([[alice, 1n]]), [], [bob], config);
      const { genesis } = chain.export;
      return checkExport({ genesis, schedule: [], blocks: [] }).map(({ rule }) => rule);
    };
    const steps = Array.from({ length: 65 }, (_, i) => [i + 1, 1n] as const);

    it('at the edges is accepted', () => {
      expect(rulesOf('round-robin', roundRobinConfig(1, 1, 1))).toEqual([]);
      expect(rulesOf('pow', powConfig({ intervalMs: 1, halfLifeMs: 1, scale: 1n, depth: 1 }))).toEqual([]);
      expect(
        rulesOf('pow', powConfig({ intervalMs: 31_536_000_000, halfLifeMs: 3_153_600_000_000 })),
      ).toEqual([]);
      expect(rulesOf('pow', powConfig({ target: 1n, limit: 1n, steps: [[1, 2n ** 63n - 1n]] }))).toEqual([]);
      expect(rulesOf('pow', powConfig({ difficulty: 0, steps: steps.slice(0, 64) }))).toEqual([]);
    });

    it.each([
      roundRobinConfig(0, 1, 1),
      roundRobinConfig(1, 0, 1),
      roundRobinConfig(1, 1, 0),
      roundRobinConfig(1, 1, 1).subarray(1),
      Buffer.concat([roundRobinConfig(1, 1, 1), Buffer.of(0)]),
    ])('wrong breaks layout (round robin %#)', (config) => {
      expect(rulesOf('round-robin', config)).toEqual(['layout']);
    });

    it.each([
      powConfig({ difficulty: 2 }),
      powConfig({ intervalMs: 0 }),
      powConfig({ intervalMs: 31_536_000_001 }),
      powConfig({ halfLifeMs: 0 }),
      powConfig({ halfLifeMs: 3_153_600_000_001 }),
      powConfig({ target: 0n }),
      powConfig({ target: LIMIT + 1n }),
      powConfig({ scale: 0n }),
      powConfig({ depth: 0 }),
      powConfig({ steps: [[0, 1n]] }),
      powConfig({
        steps: [
          [3, 1n],
          [3, 2n],
        ],
      }),
      powConfig({ steps: [[3, 2n ** 63n]] }),
      powConfig({ steps }),
      Buffer.concat([powConfig(), Buffer.of(0)]),
    ])('wrong breaks layout (proof of work %#)', (config) => {
      expect(rulesOf('pow', config)).toEqual(['layout']);
    });
  });

  it('breaks layout when a parameter of genesis is out of range, and not at its edge', () => {
    const { genesis } = new Chain('pow', new Map([[alice, 1n]]), [], [bob]);
    const at = genesis.indexOf(powConfig()) + powConfig().length;
    const powerAt = genesis.indexOf(Buffer.from(bob.key, 'hex')) + 32;
    const rulesOf = (offset: number, text: string) => {
      const patched = Buffer.from(genesis);
      patched.set(Buffer.from(text, 'hex'), offset);
      const problems = checkExport({ genesis: patched.toString('hex'), schedule: [], blocks: [] });
      return problems.map(({ rule }) => rule);
    };
    const edges: [offset: number, good: string[], bad: string[]][] = [
      [1, ['7a2d39'], ['5a', '20', '5f']], // name
      [at, ['0000000000000001', '001fffffffffffff'], ['0000000000000000', '0020000000000000']], // blockGasMax
      [at + 8, ['00001000', '00100000'], ['00000fff', '00100001']], // blockBytesMax
      [powerAt, ['0000000000000001', '7fffffffffffffff'], ['0000000000000000', '8000000000000000']],
    ];
    for (const [offset, good, bad] of edges) {
      for (const text of good) expect([text, ...rulesOf(offset, text)]).toEqual([text]);
      for (const text of bad) expect([text, ...rulesOf(offset, text)]).toEqual([text, 'layout']);
    }
  });

  it('breaks layout when genesis allots too much, twice to one address, or has a bad validator', () => {
    const rulesOf = (chain: Chain) => checkExport(chain.export).map(({ rule }) => rule);
    const much = 2n ** 62n;
    const bad = { ...mallory, key: `01${'00'.repeat(31)}` };
    const twin = { ...bob, address: alice.address };
    const grants = (...list: [Actor, bigint][]) => new Map(list);
    expect(rulesOf(new Chain('round-robin', grants([alice, much], [bob, much - 1n])))).toEqual([]);
    expect(rulesOf(new Chain('round-robin', grants([alice, much], [bob, much])))).toEqual(['layout']);
    expect(rulesOf(new Chain('round-robin', grants([alice, 1n], [twin, 1n])))).toEqual(['layout']);
    expect(rulesOf(new Chain('round-robin', grants([alice, 1n]), [], [bad]))).toEqual(['layout']);
    expect(rulesOf(new Chain('round-robin', grants([alice, 1n]), [], [bob, bob]))).toEqual(['layout']);
    expect(rulesOf(new Chain('round-robin', grants([alice, 1n]), [], []))).toEqual(['layout']);
  });
});

function lastLeafTwice(draft: Draft): void {
  const last = draft.transactions.at(-1) ?? Buffer.alloc(0);
  draft.transactionsRoot = listRoot([...draft.transactions, last]);
}

function withEvidence(draft: Draft): void {
  draft.evidence = [Buffer.of(1)];
  draft.systemRoot = listRoot([draft.lastCommit, ...draft.evidence]);
}

function withLastCommit(draft: Draft): void {
  draft.lastCommit = Buffer.of(1);
  draft.systemRoot = listRoot([draft.lastCommit]);
}

function move(chain: Chain, from: Actor, to: Actor): void {
  chain.balances.set(from.address, chain.balanceOf(from) - 1n);
  chain.balances.set(to.address, chain.balanceOf(to) + 1n);
}

function changed(bytes: Buffer, at: number, by: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ by;
  return copy;
}

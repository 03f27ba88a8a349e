import { describe, expect, it } from 'vitest';
import type { Block } from '../../src/chain/types/block.ts';
import { transactionId } from '../../src/chain/types/transaction-codec.ts';
import { blockHash } from '../../src/chain/types/units.ts';
import type { ClusterOptions } from '../../src/cluster/chain-setup.ts';
import { orderFreeAgree } from '../../src/cluster/order-free.ts';
import { createScenarioRun } from '../../src/cluster/run.ts';
import type { ScenarioFile } from '../../src/cluster/scenario/schema.ts';
import { lawsBroken, planted, SUITE, small } from './support.ts';
import { Watched } from './watched.ts';

type Line = NonNullable<NonNullable<ScenarioFile['hosts']>[number]['byzantine']>[number];

/** The one that is Byzantine. */
const LIAR = 4;
const HONEST = [0, 1, 2, 3] as const;

/** Five hosts, four honest, a block in three seconds, four minutes. */
function with4(byzantine: readonly Line[], more: Partial<ScenarioFile> = {}): ScenarioFile {
  return small({
    nodes: 5,
    duration: '240s',
    chain: { engine: 'pow', blockInterval: '3s', finalityDepth: 30 },
    hosts: [{ hosts: [LIAR], byzantine: [...byzantine] }],
    ...more,
  });
}

const ROUND_ROBIN: Partial<ScenarioFile> = {
  chain: { engine: 'round-robin', blockInterval: '3s', finalityDepth: 30 },
};

/** Safe and live: no law is broken, the honest agree and have a chain. */
function expectHealthy({ cluster }: Watched, heightMin = 40): void {
  expect(lawsBroken(cluster)).toEqual([]);
  expect(cluster.budget.liveness).toBeUndefined();
  expect(cluster.convergedAtUs).toBeDefined();
  expect(cluster.node(0).height).toBeGreaterThanOrEqual(heightMin);
}

/** Each honest node banned the liar, and nobody else. */
function expectBanned(run: Watched): void {
  const banned = run.of('PeerBanned');
  expect(new Set(banned.map(({ event }) => event.peer))).toEqual(new Set([run.keyOf(LIAR)]));
  expect(new Set(banned.map(({ host }) => host))).toEqual(new Set(HONEST));
}

function expectNobodyBanned(run: Watched): void {
  expect(run.of('PeerBanned')).toEqual([]);
}

describe('a silent host', () => {
  it('is heard by nobody, and what it mines is on no chain but its own', () => {
    const run = new Watched(with4(['silent']));
    expectHealthy(run);
    expect(run.deviations('silent')).toBeGreaterThan(10);
    const key = run.keyOf(LIAR);
    expect(run.of('PeerUp').some(({ event }) => event.peer === key)).toBe(true);
    expect(run.of('BlockReceived').filter(({ event }) => event.from === key)).toEqual([]);
    const address = run.cluster.setup.hostKeys[LIAR]?.address;
    expect(run.of('BlockProduced', [LIAR]).length).toBeGreaterThan(5);
    expect(run.chain().some(({ header }) => header.beneficiary === address)).toBe(false);
    expectNobodyBanned(run);
  });
});

describe('a selective host', () => {
  it('brings blocks to half of the others, which bring them to the rest', () => {
    const run = new Watched(with4(['selective']));
    expectHealthy(run, 50);
    const key = run.keyOf(LIAR);
    const heard = new Set(
      run.of('BlockReceived').flatMap(({ host, event }) => (event.from === key ? [host] : [])),
    );
    expect(heard.size).toBe(2);
    const address = run.cluster.setup.hostKeys[LIAR]?.address;
    expect(run.chain().some(({ header }) => header.beneficiary === address)).toBe(true);
    expectNobodyBanned(run);
  });
});

describe('a withholding miner', () => {
  it('shows what it found long after it found it, and undoes the blocks of others with it', () => {
    const file = with4([], {
      hosts: [{ hosts: [LIAR], hashShare: 2.4, byzantine: ['withholding-miner'] }],
      duration: '400s',
    });
    const run = new Watched(file);
    expectHealthy(run);
    expect(run.deviations('withholding-miner')).toBeGreaterThan(20);
    const found = new Map(run.of('BlockProduced', [LIAR]).map(({ event, atUs }) => [event.id, atUs]));
    const delays = run.of('BlockReceived').flatMap(({ event, atUs }) => {
      const foundUs = found.get(event.id);
      return foundUs === undefined ? [] : [atUs - foundUs];
    });
    expect(delays.filter((us) => us > 1_000_000).length).toBeGreaterThan(10);
    expect(run.of('Reorganised').length).toBeGreaterThan(10);
    expectNobodyBanned(run);
  });
});

describe('a double spender', () => {
  it('takes a payment back that the others had in their chain', () => {
    const file = with4([], {
      hosts: [
        {
          hosts: [LIAR],
          hashShare: 2.4,
          byzantine: [{ kind: 'double-spender', confirmations: 1, giveUp: 8 }],
        },
      ],
      duration: '600s',
      chain: { engine: 'pow', blockInterval: '3s', finalityDepth: 30, reward: 200_000 },
    });
    const run = new Watched(file);
    expectHealthy(run);
    const key = run.keyOf(LIAR);
    const own = run.cluster.setup.hostKeys[LIAR]?.address;
    const spends = (blocks: readonly Block[], isOwn: boolean): ReadonlyMap<number, string> =>
      new Map(
        blocks
          .flatMap((block) => block.transactions)
          .filter(
            ({ senderKey, action }) =>
              senderKey === key && (action.kind === 'transfer' && action.to === own) === isOwn,
          )
          .map((transaction) => [transaction.nonce, transactionId(transaction)]),
      );
    const paid = spends(run.imported(), false);
    const stolen = [...spends(run.chain(), true).keys()].filter((nonce) => paid.has(nonce));
    expect(stolen.length).toBeGreaterThan(0);
    expectNobodyBanned(run);
  });
});

describe('a producer of invalid blocks', () => {
  it.each([
    ['pow', {}],
    ['round-robin', ROUND_ROBIN],
  ] as const)('with wrong state roots is refused by everybody, and no relayer is blamed (%s)', (_, more) => {
    const run = new Watched(with4(['invalid-state-root'], more));
    expectHealthy(run);
    const rejected = run.of('BlockRejected');
    expect(new Set(rejected.map(({ event }) => event.code))).toEqual(new Set(['STATE_ROOT_MISMATCH']));
    expect(new Set(rejected.map(({ host }) => host))).toEqual(new Set(HONEST));
    expect(run.deviations('invalid-state-root')).toBeGreaterThan(5);
    expectNobodyBanned(run);
  });

  it('with invalid transactions in them is refused by everybody, and no relayer is blamed', () => {
    const run = new Watched(with4([{ kind: 'invalid-transactions', where: 'blocks' }]));
    expectHealthy(run);
    const rejected = run.of('BlockRejected');
    expect(new Set(rejected.map(({ event }) => event.code))).toEqual(new Set(['INVALID_TRANSACTION']));
    expect(new Set(rejected.map(({ host }) => host))).toEqual(new Set(HONEST));
    expectNobodyBanned(run);
  });
});

describe('a host that gossips invalid transactions', () => {
  it('is banned by everybody', () => {
    const run = new Watched(with4([{ kind: 'invalid-transactions', where: 'gossip' }]));
    expectHealthy(run);
    expect(run.deviations('invalid-transactions')).toBeGreaterThan(10);
    expectBanned(run);
  });
});

describe('a timestamp liar', () => {
  it('within two hours of the future has its times in the chain', () => {
    // The median of the first few blocks is that of whoever found one: he begins later.
    const run = new Watched(with4([{ kind: 'timestamp-liar', from: '60s' }]));
    expectHealthy(run);
    const times = run.chain().map(({ header }) => header.timestampMs);
    const jumps = times.filter((time, i) => i > 0 && time - (times[i - 1] ?? time) > 3_600_000);
    expect(jumps.length).toBeGreaterThan(3);
    expectNobodyBanned(run);
  });

  it('of a later future is made to wait, and not blamed: another clock may be right', () => {
    const run = new Watched(with4([{ kind: 'timestamp-liar', by: '3h' }]));
    expectHealthy(run);
    expect(new Set(run.of('BlockHeld').map(({ host }) => host))).toEqual(new Set(HONEST));
    expectNobodyBanned(run);
  });

  it('of the past is banned: ancestors alone show that it lies', () => {
    const run = new Watched(with4([{ kind: 'timestamp-liar', by: '-1h' }]));
    expectHealthy(run);
    expectBanned(run);
    expect(new Set(run.of('PeerBanned').map(({ event }) => event.fault))).toEqual(
      new Set(['INVALID_HEADER']),
    );
  });
});

describe('a timestamp liar in a rotation, whose next turn waits for the time of the last block', () => {
  it('of a far future is passed over, and stops nobody', () => {
    const run = new Watched(with4(['timestamp-liar'], ROUND_ROBIN));
    expectHealthy(run, 60);
    expect(new Set(run.of('BlockHeld').map(({ host }) => host))).toEqual(new Set(HONEST));
    expectNobodyBanned(run);
  });

  it('of a near future costs a few seconds at each of its turns', () => {
    const run = new Watched(with4([{ kind: 'timestamp-liar', by: '10s' }], ROUND_ROBIN));
    expectHealthy(run, 30);
    const address = run.cluster.setup.hostKeys[LIAR]?.address;
    expect(run.chain().filter(({ header }) => header.beneficiary === address).length).toBeGreaterThan(5);
    expectNobodyBanned(run);
  });
});

describe('a host that lies about its chain', () => {
  it('is asked for what it claims, gives what does not fit, and is banned', () => {
    const run = new Watched(with4(['lying-sync']));
    expectHealthy(run, 50);
    expect(run.deviations('lying-sync')).toBeGreaterThan(5);
    expectBanned(run);
  });
});

describe('a host that sends garbage', () => {
  it('is dropped at every piece of it, and banned when there are ten', () => {
    const run = new Watched(with4(['garbage'], { duration: '500s' }));
    expectHealthy(run);
    expect(run.deviations('garbage')).toBeGreaterThan(30);
    const key = run.keyOf(LIAR);
    const downs = run.of('PeerDown').filter(({ event }) => event.peer === key);
    expect(downs.filter(({ event }) => event.reason === 'malformed').length).toBeGreaterThan(30);
    const scored = run.of('PeerScored').filter(({ event }) => event.peer === key);
    expect(new Set(scored.map(({ event }) => event.fault))).toEqual(new Set(['MALFORMED']));
    expectBanned(run);
  });
});

describe('a flooding host', () => {
  it('fills no memory, stops no transaction, and is banned for its answers to nothing', () => {
    const file = with4([{ kind: 'flooding', perSecond: 40 }], {
      duration: '400s',
      load: [{ kind: 'transfers', perSecond: 2, accounts: 10, until: '150s' }],
    });
    const run = new Watched(file);
    expectHealthy(run, 50);
    expect(run.deviations('flooding')).toBeGreaterThan(1_000);
    expectBanned(run);
    const sent = run.cluster.loads[0]?.result().submitted ?? 0;
    expect(run.chain().reduce((sum, block) => sum + block.transactions.length, 0)).toBe(sent);
  });
});

describe('hosts that eclipse a victim', () => {
  const VICTIM = 0;
  const others = [1, 2, 3, 4];
  const attackers: ScenarioFile['hosts'] = [
    { hosts: [5, 6, 7], hashShare: 0, byzantine: [{ kind: 'eclipse', victim: VICTIM, places: 50 }] },
  ];

  it('fill its inbound places and evict each other: an honest peer of each address keeps its own', () => {
    // Everybody dials the victim, which dials nobody: all of its places can be taken.
    const run = new Watched(with4([], { nodes: 8, hosts: attackers, duration: '200s' }));
    expectHealthy(run);
    expect(run.deviations('eclipse')).toBeGreaterThan(150);
    const evicted = run.of('PeerDown', [VICTIM]).filter(({ event }) => event.reason === 'evicted');
    expect(evicted.length).toBeGreaterThan(20);
    const peers = run.cluster.node(VICTIM).inspect()?.peers ?? [];
    expect(peers.length).toBeGreaterThanOrEqual(117);
    const honest = others.map((host) => run.keyOf(host));
    expect(peers.filter(({ peer }) => honest.includes(peer)).length).toBe(others.length);
    expect(evicted.filter(({ event }) => honest.includes(event.peer))).toEqual([]);
  });

  it('do not keep a victim that restarts from the peers that it had chosen', () => {
    const victim = 3;
    const file = with4([], {
      nodes: 8,
      duration: '240s',
      network: { latency: { uniform: '10ms..40ms' }, topology: 'discovery' },
      hosts: [{ hosts: [5, 6, 7], hashShare: 0, byzantine: [{ kind: 'eclipse', victim, places: 50 }] }],
      faults: [{ kind: 'crash', at: '120s', hosts: [victim], how: 'power', down: '5s' }],
    });
    const run = new Watched(file);
    expectHealthy(run);
    const honest = [0, 1, 2, 4].map((host) => run.keyOf(host));
    const restartUs = run.of('NodeStarted', [victim]).at(-1)?.atUs ?? 0;
    const chosen = run
      .of('PeerUp', [victim])
      .filter(
        ({ event, atUs }) => atUs > restartUs && event.direction === 'out' && honest.includes(event.peer),
      );
    expect(restartUs).toBeGreaterThan(120_000_000);
    expect((chosen[0]?.atUs ?? Number.POSITIVE_INFINITY) - restartUs).toBeLessThan(2_000_000);
    const peers = run.cluster.node(victim).inspect()?.peers ?? [];
    expect(peers.filter(({ peer }) => honest.includes(peer)).length).toBeGreaterThan(0);
  });
});

/** Pairs of blocks of one producer on one parent, among all that the first host executed. */
function equivocations(run: Watched): number {
  const seen = new Map<string, number>();
  for (const { header } of run.imported()) {
    const key = `${header.parent} ${header.beneficiary}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  return [...seen.values()].filter((count) => count > 1).length;
}

describe('an equivocating proposer', () => {
  it('shows one block to each half, and the halves come to agree', () => {
    const run = new Watched(with4(['equivocating-proposer'], ROUND_ROBIN));
    expectHealthy(run, 60);
    expect(run.deviations('equivocating-proposer')).toBeGreaterThan(5);
    expect(equivocations(run)).toBeGreaterThan(5);
    expect(run.of('Reorganised').length).toBeGreaterThan(5);
    expect(run.cluster.budget.finality).toContain('1 of 5 of the producers is Byzantine');
    expectNobodyBanned(run);
  });
});

describe('twins', () => {
  it('have one key and seal two blocks on one parent, each with honest code', () => {
    const file = with4([], { ...ROUND_ROBIN, hosts: [{ hosts: [4], twinOf: 2 }] });
    const run = new Watched(file);
    expect(lawsBroken(run.cluster)).toEqual([]);
    expect(run.keyOf(4)).toBe(run.keyOf(2));
    expect(run.cluster.setup.context.genesis.validators.length).toBe(4);
    expect(run.cluster.live().map(({ index }) => index)).toEqual([0, 1, 3]);
    expect(run.deviations('twin')).toBeGreaterThan(3);
    expect(equivocations(run)).toBeGreaterThan(3);
    expect(run.of('PeerBanned', [0, 1, 3])).toEqual([]);
  });
});

describe('oracles', () => {
  /** A host that calls a block final which no chain has. */
  function wrongFinal(host: number): ClusterOptions {
    const program = planted([host], (env) => ({
      env: {
        emit: (event) =>
          env.emit(
            event.kind === 'FinalityAdvanced' ? { ...event, finalId: blockHash('12'.repeat(32)) } : event,
          ),
      },
    }));
    return { program };
  }

  it('judge the honest beside a Byzantine host', () => {
    const run = new Watched(with4(['silent']), wrongFinal(1));
    expect(lawsBroken(run.cluster)).toContain('agreement/depth-finality-conflict');
  });

  it('judge no Byzantine host', () => {
    const run = new Watched(with4(['selective']), wrongFinal(LIAR));
    expect(lawsBroken(run.cluster)).toEqual([]);
  });
});

describe('more Byzantine than the engine bears', () => {
  it('excuse a stall and a conflict of what is final, and say so', () => {
    const file = with4([], {
      hosts: [{ hosts: [3, 4], hashShare: 4, byzantine: ['withholding-miner'] }],
    });
    const run = createScenarioRun(file, { seed: '1', nativeSuite: SUITE });
    while (run.step(100_000));
    const { finality, liveness } = run.cluster.budget;
    expect(finality).toContain('8 of 11 of the hash power are Byzantine');
    expect(liveness).toContain('less than 1/2 of the hash power');
    expect(run.result().verdict).toEqual({ kind: 'passed' });
    expect(run.result().notes.join()).toContain('finality is not judged: 8 of 11');
  });
});

describe('a behaviour that has not begun', () => {
  const short = { duration: '60s', quiet: '30s' };
  const honest = result(with4([], { ...short, hosts: [] }));

  it.each(['silent', 'selective', 'withholding-miner', 'invalid-state-root', 'timestamp-liar'] as const)(
    'leaves no trace: %s',
    (kind) => {
      const idle = result(with4([{ kind, from: '59.999999s' }], short));
      expect(idle.byzantine).toEqual([{ host: 'n4', behaviour: kind, times: 0 }]);
      expect(idle.traceHash).toBe(honest.traceHash);
    },
  );
});

/** All behaviours of proof of work, two of round-robin, and twins. */
const KINDS: readonly (readonly [string, ScenarioFile])[] = [
  ...(
    [
      'silent',
      'selective',
      'withholding-miner',
      'double-spender',
      'invalid-state-root',
      'invalid-transactions',
      'timestamp-liar',
      'lying-sync',
      'garbage',
      'flooding',
      'eclipse',
    ] as const
  ).map((kind) => [kind, with4([kind], { duration: '90s' })] as const),
  ['equivocating-proposer', with4(['equivocating-proposer'], { ...ROUND_ROBIN, duration: '90s' })],
  ['twin', with4([], { ...ROUND_ROBIN, duration: '90s', hosts: [{ hosts: [4], twinOf: 2 }] })],
];

function result(
  file: ScenarioFile,
  options: ClusterOptions = {},
): ReturnType<ReturnType<typeof createScenarioRun>['result']> {
  const run = createScenarioRun(file, { seed: '1', nativeSuite: SUITE, ...options });
  while (run.step(100_000));
  return run.result();
}

describe.each(KINDS)('a run with %s', (_, file) => {
  it('is a function of its seed, shared or isolated, and concludes the same in another order of ties', () => {
    const own = result(file);
    expect(own.verdict).toEqual({ kind: 'passed' });
    expect(result(file, { isolate: true })).toEqual(own);
    const other = result(file, { permuteTies: 1 });
    expect(orderFreeAgree(own.orderFree, other.orderFree)).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { openRecord, PREFIX, sealRecord } from '../../src/chain/blockstore/records.ts';
import type { Consensus, ConsensusRules } from '../../src/chain/consensus/consensus.ts';
import { decodeCommit, encodeCommit } from '../../src/chain/consensus/pos/commit.ts';
import { encodeEvidence } from '../../src/chain/consensus/pos/evidence.ts';
import { VOTE } from '../../src/chain/consensus/pos/vote.ts';
import { credit } from '../../src/chain/execution/apply-transaction.ts';
import { createNode } from '../../src/chain/node.ts';
import { readAccount, writeAccount } from '../../src/chain/state/accounts.ts';
import type { StateWriter } from '../../src/chain/state/state.ts';
import type { ChainWorld, NodeSnapshot } from '../../src/chain/types/command.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import type { Message, SyncRequestMessage } from '../../src/chain/types/message.ts';
import type { Transaction } from '../../src/chain/types/transaction.ts';
import { transactionId } from '../../src/chain/types/transaction-codec.ts';
import {
  amount,
  type BlockHash,
  blockHash,
  gas,
  type Height,
  height,
  publicKey,
  signature,
} from '../../src/chain/types/units.ts';
import { withHost } from '../../src/cluster/byzantine/engine-door.ts';
import type { ClusterOptions } from '../../src/cluster/chain-setup.ts';
import { keysOf } from '../../src/cluster/load/wallet.ts';
import { ORACLES } from '../../src/cluster/oracles/oracles.ts';
import type { RunResult } from '../../src/cluster/result.ts';
import { createScenarioRun } from '../../src/cluster/run.ts';
import type { FaultLine } from '../../src/cluster/scenario/schema/faults.ts';
import type { ScenarioFile } from '../../src/cluster/scenario/schema.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import type { Env, Process } from '../../src/env/program.ts';
import { type ConnectionId, unixMs } from '../../src/env/units.ts';
import { createModelledCrypto } from '../../src/sim/modelled-crypto.ts';
import { type Lie, lawsBroken, planted, played, SUITE, small } from './support.ts';

type HeadChanged = Extract<DomainEvent, { kind: 'HeadChanged' }>;

/** A program or a rule with a bug, and the law that must find it. */
interface Plant {
  readonly bug: string;
  readonly file?: ScenarioFile;
  readonly options: ClusterOptions;
  /** Exactly these laws are broken, no other. */
  readonly laws: readonly string[];
}

function otherId(id: BlockHash): BlockHash {
  return blockHash(`${id[0] === '0' ? '1' : '0'}${id.slice(1)}`);
}

/** Finality of that kind; the first host names another block than the one that its chain has. */
function wrongFinal(kind: 'depth' | 'absolute'): NonNullable<ClusterOptions['program']> {
  return planted([0, 1, 2], (env, host) => ({
    env: {
      emit(event) {
        if (event.kind !== 'FinalityAdvanced') return env.emit(event);
        const finalId = host === 0 ? otherId(event.finalId) : event.finalId;
        env.emit({ ...event, finality: { ...event.finality, kind }, finalId });
      },
    },
  }));
}

/** The second host tells of its head at height 5 first what is not so, and at once what is. */
function tellsAtFive(lie: (event: HeadChanged) => HeadChanged): NonNullable<ClusterOptions['program']> {
  return planted([1], (env) => ({
    env: {
      emit(event) {
        if (event.kind === 'HeadChanged' && event.height === 5) env.emit(lie(event));
        env.emit(event);
      },
    },
  }));
}

/** Everything of that kind is kept back. */
function silent(kind: DomainEvent['kind']): NonNullable<ClusterOptions['program']> {
  return planted([0, 1, 2], (env) => ({
    env: {
      emit: (event) => (event.kind === kind ? undefined : env.emit(event)),
    },
  }));
}

/**
 * A rule that every node and every oracle follows, and that does one thing more at the end of a block at height 10.
 * @param hidden base units that the engine tells the executor that it gave up in that block.
 */
function alsoAtTen(act: (state: StateWriter) => void, hidden = 0n): NonNullable<ClusterOptions['rules']> {
  return (honest): ConsensusRules<unknown> => {
    let asked = 0;
    return {
      ...honest,
      // The executor counts too, at once: it asks after the block and then before it. The oracle asks again, later.
      held: () => amount(asked > 0 && --asked === 0 ? hidden : 0n),
      execute(phase, view, block, state) {
        const effects = honest.execute(phase, view, block, state);
        if (phase === 'end' && block.header.height === 10) {
          act(state);
          asked = 2;
        }
        return effects;
      },
    };
  };
}

const RICH = keysOf(
  createModelledCrypto((bytes) => SUITE.sha256(bytes)),
  'load/0/0',
).address;
/** After the first look of the oracles, before the last. */
const EARLY_MS = 45_000;
const CRASH: FaultLine = { kind: 'crash', at: '40s', hosts: [1], how: 'kill', down: '2s' };
const ROT: FaultLine = { kind: 'bitRot', at: '39s', hosts: [1], records: 20 };
/** Long enough for blocks on both sides. */
const SPLIT: FaultLine = { kind: 'partition', at: '20s', for: '25s', groups: [[0], [1, 2]] };
/** What an answer shows where nobody looks. */
const ANY: Transaction = {
  version: 1,
  chainId: blockHash('00'.repeat(32)),
  senderKey: publicKey('00'.repeat(32)),
  nonce: 3,
  validUntilHeight: height(0),
  gasLimit: gas(0),
  gasPrice: amount(0n),
  action: { kind: 'burn', amount: amount(0n) },
  signature: signature('00'.repeat(64)),
};

/** Nobody hears what becomes of the transactions of a branch that was left. */
const forgetsReturned: NonNullable<ClusterOptions['program']> = planted([0, 1, 2], (env) => ({
  env: {
    emit(event) {
      const isAnswer = event.kind === 'TransactionAccepted' || event.kind === 'TransactionRejected';
      if (!isAnswer || event.origin !== 'reorg') env.emit(event);
    },
  },
}));

/** The first host writes each certificate with the first of its votes only. */
const keepsHalfOfCertificates: NonNullable<ClusterOptions['program']> = planted([0], (env) => ({
  env: {
    storage: {
      ...env.storage,
      write(ops) {
        env.storage.write(
          ops.map((op) => {
            if (op.kind !== 'put' || op.key[0] !== PREFIX.certificate) return op;
            const payload = openRecord((b) => env.crypto.sha256(b), op.key, op.value);
            const commit = payload === 'corrupt' ? payload : decodeCommit(payload);
            if (commit === 'corrupt' || 'code' in commit) return op;
            const poor = encodeCommit({ ...commit, votes: commit.votes.slice(0, 1) });
            return { ...op, value: sealRecord((b) => env.crypto.sha256(b), op.key, poor) };
          }),
        );
      },
    },
  },
}));

/** Refuses a few good headers when they are asked for the second time: whoever built one was the first. */
function refusesSome(honest: ConsensusRules<unknown>): ConsensusRules<unknown> {
  const asked = new Map<number, number>();
  return {
    ...honest,
    advance(view, header) {
      const times = (asked.get(header.height) ?? 0) + 1;
      asked.set(header.height, times);
      const isRefused = header.height >= 7 && header.height < 16 && times === 2;
      return isRefused ? { code: 'BAD_SEAL', fact: 'planted' } : honest.advance(view, header);
    },
  };
}

/** Follows other rules than the oracles: one unit more for whoever builds the block. */
function paysMore(consensus: Consensus): Consensus {
  const { rules } = consensus;
  return {
    ...consensus,
    rules: {
      ...rules,
      execute(phase, view, block, state) {
        const effects = rules.execute(phase, view, block, state);
        if (phase === 'begin') return effects;
        credit(state, block.header.beneficiary, 1n);
        return { ...effects, issued: amount(effects.issued + 1n) };
      },
    },
  };
}

/** Four validators, a block in two seconds. */
function staked(overrides: Partial<ScenarioFile> = {}): ScenarioFile {
  return small({ nodes: 4, chain: { engine: 'pos', blockInterval: '2s' }, ...overrides });
}

/** Nothing that the engine records stays: after a crash it does not know what it has said. */
const FORGETS: NonNullable<ClusterOptions['program']> = planted([1], (env) => ({
  env: {
    storage: {
      ...env.storage,
      write: (ops) => env.storage.write(ops.filter(({ key }) => key[0] !== PREFIX.engine)),
    },
  },
}));
const CRASHES: FaultLine = { ...CRASH, at: '2s', every: '1100ms', down: '20ms' };

/** Two votes of the third host at a height, which it never cast. */
function forgedEvidence(at: Height): string {
  const vote = {
    type: VOTE.prevote,
    height: at,
    round: 7,
    timestampMs: unixMs(1),
    validator: keysOf(
      createModelledCrypto((bytes) => SUITE.sha256(bytes)),
      'host/n2',
    ).key,
    signature: signature('00'.repeat(64)),
  };
  const a = { ...vote, block: undefined };
  const b = { ...vote, block: blockHash('11'.repeat(32)) };
  return bytesToHex(encodeEvidence({ kind: 'duplicateVote', a, b }));
}

/** Whoever proposes at height 9 accuses the third host, and nobody checks a signature of evidence. */
const FRAMES: ClusterOptions = {
  rules: (honest) => ({ ...honest, systemItems: () => [] }),
  program: (_host, _honest, config) =>
    createNode({
      ...config,
      consensus: withHost(config.consensus, (host) => ({
        build(plan) {
          const { height: at } = host.head().header;
          if (at !== 8) return host.build(plan);
          return host.build({ ...plan, system: { ...plan.system, evidence: [forgedEvidence(at)] } });
        },
      })),
    }),
};

const PLANTS: readonly Plant[] = [
  {
    bug: 'a node that calls another block final',
    options: { program: wrongFinal('depth') },
    laws: ['agreement/depth-finality-conflict'],
  },
  {
    bug: 'a node that calls another block final for ever, whatever the network does',
    file: small({
      chain: { engine: 'pow', blockInterval: '2s', finalityDepth: 1 },
      faults: [{ kind: 'partition', at: '0s', for: '5s', isolate: [0] }],
    }),
    options: { program: wrongFinal('absolute') },
    laws: ['agreement/absolute-finality-conflict'],
  },
  {
    bug: 'nodes that pay themselves more than the rules say',
    options: {
      program: (_host, _honest, config) => createNode({ ...config, consensus: paysMore(config.consensus) }),
    },
    laws: ['re-execution/STATE_ROOT_MISMATCH'],
  },
  {
    bug: 'a rule that makes money from nothing',
    options: {
      rules: alsoAtTen((state) => {
        const account = readAccount(state, RICH);
        writeAccount(state, RICH, { ...account, balance: amount(account.balance + 1n) });
      }, 1n),
    },
    laws: ['re-execution/supply-not-conserved'],
  },
  {
    bug: 'a rule that takes a nonce back',
    options: {
      rules: alsoAtTen((state) => {
        const account = readAccount(state, RICH);
        writeAccount(state, RICH, { ...account, nonce: account.nonce - 1 });
      }),
    },
    laws: ['re-execution/nonce-fell'],
  },
  {
    bug: 'a node that deletes the body of a block of its chain',
    // A scrub would find the hole and fill it.
    file: small({ node: { scrubEvery: '0s' } }),
    options: {
      program: planted([2], (env) => {
        let fifth: Uint8Array | undefined;
        return {
          env: {
            storage: {
              ...env.storage,
              write(ops) {
                env.storage.write(ops);
                const block = ops.find(({ kind, key }) => kind === 'put' && key[0] === PREFIX.block);
                const height = block?.key[6];
                if (height === 5) fifth = block?.key;
                if (height !== 9 || fifth === undefined) return;
                env.storage.write([{ kind: 'delete', key: fifth }]);
              },
            },
          },
        };
      }),
    },
    laws: ['re-execution/body-missing'],
  },
  {
    bug: 'a node that forgets its disk when it starts again',
    file: small({ faults: [CRASH] }),
    options: {
      program: planted([1], (env) => ({
        process: (honest) => ({
          onStart() {
            const all = env.storage.scan({ start: Uint8Array.of(0) }, 1_000_000);
            if (all.length > 0) env.storage.write(all.map(({ key }) => ({ kind: 'delete', key })));
            honest.onStart();
          },
        }),
      })),
    },
    laws: ['durability/final-lost-by-crash'],
  },
  {
    bug: 'nodes that drop a transaction and tell its sender that it is final',
    options: { program: planted([0, 1, 2], () => ({ process: tellsOfTheFourth })) },
    laws: ['acknowledged/acknowledged-lost'],
  },
  {
    bug: 'a node that does not say that a record is rotten',
    file: small({ faults: [ROT, CRASH] }),
    options: { program: silent('CorruptionDetected') },
    laws: ['corruption/read-and-not-detected'],
  },
  {
    bug: 'a collection that grows past the limit that it states',
    options: {
      program: planted([1], () => ({
        process: (honest) => ({
          inspect() {
            const snapshot = honest.inspect();
            return { ...snapshot, bounds: [...snapshot.bounds, { name: 'planted', size: 11, max: 10 }] };
          },
        }),
      })),
    },
    laws: ['bounds/limit-passed'],
  },
  {
    bug: 'a node that shows another head than it told of',
    options: {
      program: showsEarly((snapshot) => ({ head: { ...snapshot.head, id: otherId(snapshot.head.id) } })),
    },
    laws: ['claims/head-not-told'],
  },
  {
    bug: 'a node that once, between two looks, tells of a head that it does not have',
    options: { program: tellsAtFive((event) => ({ ...event, id: otherId(event.id) })) },
    laws: ['claims/head-not-stored'],
  },
  {
    bug: 'a node that once tells of a head on another parent than it has',
    options: { program: tellsAtFive((event) => ({ ...event, parent: otherId(event.parent) })) },
    laws: ['claims/parent-differs'],
  },
  {
    bug: 'a node that shows another state root than its head states',
    options: { program: showsEarly((snapshot) => ({ stateRoot: otherId(snapshot.head.id) })) },
    laws: ['claims/state-root-differs'],
  },
  {
    bug: 'rules that refuse good headers now and then, so that who sent them is banned',
    file: small({ chain: { engine: 'pow', blockInterval: '2s', finalityDepth: 1_000 } }),
    options: { rules: refusesSome, isolate: true },
    // Who refuses a header follows no chain that stands on it.
    laws: ['bans/honest-peer-banned', 'convergence/no-common-head'],
  },
  {
    bug: 'a node that neither tells of blocks nor hears of them any more',
    file: small({ chain: { engine: 'pow', blockInterval: '2s', finalityDepth: 1_000 } }),
    options: { program: planted([2], deaf) },
    laws: ['convergence/no-common-head'],
  },
  {
    bug: 'a node that asks for the same headers again whatever it is told',
    file: small({ hosts: [{ hosts: [1], joins: '20s' }] }),
    options: { program: planted([1], asksAgain) },
    laws: ['requests/asked-without-end'],
  },
  {
    bug: 'a node that takes every transaction',
    file: small({ load: [{ kind: 'invalid', perSecond: 1 }] }),
    options: {
      program: planted([1], () => ({
        process: (honest) => ({
          onCommand(command, reply) {
            if (command.kind !== 'SubmitTransaction') return honest.onCommand(command, reply);
            reply({ kind: 'Accepted', id: transactionId(command.transaction) });
          },
        }),
      })),
    },
    laws: ['acceptance/invalid-accepted'],
  },
  {
    bug: 'a validator that does not keep what it has said',
    // Votes are under way most of the time.
    file: staked({
      duration: '30s',
      quiet: '10s',
      chain: { engine: 'pos', blockInterval: '100ms' },
      faults: [CRASHES],
    }),
    options: { program: FORGETS },
    laws: ['signing/said-twice', 'slashing/honest-slashed'],
  },
  {
    bug: 'blocks whose evidence nobody checks, against a validator that did nothing',
    file: staked(),
    options: FRAMES,
    laws: ['slashing/innocent-slashed'],
  },
  {
    bug: 'two final blocks at a height for which nobody can be blamed',
    file: staked(),
    options: { program: wrongFinal('absolute') },
    laws: ['agreement/absolute-finality-conflict', 'accountability/too-few-accused'],
  },
  {
    bug: 'transactions of blocks that left the chain of which nothing is told',
    file: small({ faults: [SPLIT] }),
    options: { program: forgetsReturned },
    laws: ['returned/returned-lost'],
  },
  {
    bug: 'certificates without a quorum beside the blocks',
    file: staked(),
    options: { program: keepsHalfOfCertificates },
    laws: ['re-execution/certificate'],
  },
];

/** No transaction with nonce 3 goes anywhere, and whoever asks is told that it is final. */
function tellsOfTheFourth(honest: Process<ChainWorld>): Partial<Process<ChainWorld>> {
  return {
    onCommand(command, reply) {
      switch (command.kind) {
        case 'SubmitTransaction':
          if (command.transaction.nonce !== 3) return honest.onCommand(command, reply);
          return reply({ kind: 'Accepted', id: transactionId(command.transaction) });
        case 'GetAccount':
          return honest.onCommand(command, (answer) => {
            if (answer.kind !== 'Account') return reply(answer);
            const nonce = answer.account.nonce === 3 ? 4 : answer.account.nonce;
            reply({ ...answer, account: { ...answer.account, nonce } });
          });
        case 'GetTransaction':
          return honest.onCommand(command, (answer) => {
            if (answer.kind !== 'NotFound') return reply(answer);
            reply({
              kind: 'Transaction',
              transaction: ANY,
              place: 'mempool',
              receipt: undefined,
              final: true,
            });
          });
        default:
          return honest.onCommand(command, reply);
      }
    },
  };
}

/** Shows something wrong at first: later looks are others'. */
function showsEarly(
  wrong: (snapshot: NodeSnapshot) => Partial<NodeSnapshot>,
): NonNullable<ClusterOptions['program']> {
  return planted([1], (env) => {
    let bornMs = 0;
    return {
      process: (honest) => ({
        onStart() {
          bornMs = env.clock.monotonicMs();
          honest.onStart();
        },
        inspect() {
          const snapshot = honest.inspect();
          return env.clock.monotonicMs() - bornMs < EARLY_MS ? { ...snapshot, ...wrong(snapshot) } : snapshot;
        },
      }),
    };
  });
}

/** With its first answer it begins to ask that peer the same again, and keeps the answers to itself. */
function asksAgain(env: Env<ChainWorld>): Lie {
  const again = 900_000_000;
  let asked: SyncRequestMessage | undefined;
  const ask = (to: ConnectionId): void => {
    if (asked !== undefined) env.network.send(to, { ...asked, requestId: again });
  };
  return {
    env: {
      network: {
        ...env.network,
        send(to, message) {
          if (message.kind === 'SyncRequest' && message.want.kind === 'headers') asked = message;
          return env.network.send(to, message);
        },
      },
    },
    process: (honest) => ({
      onMessage(from, message) {
        const isAnswer = message.kind === 'SyncResponse';
        if (!isAnswer || message.requestId !== again) honest.onMessage(from, message);
        if (isAnswer) ask(from);
      },
    }),
  };
}

function deaf(env: Env<ChainWorld>): Lie {
  const isHarmless = (message: Message): boolean =>
    message.kind === 'Handshake' || message.kind === 'HandshakeProof' || message.kind === 'Transactions';
  return {
    env: {
      network: {
        ...env.network,
        send: (to, message) => (isHarmless(message) ? env.network.send(to, message) : 'queued'),
      },
    },
    process: (honest) => ({
      onMessage(from, message) {
        if (isHarmless(message)) honest.onMessage(from, message);
      },
    }),
  };
}

describe('the oracles', () => {
  const crashed = played(small({ faults: [CRASH] }));
  const rotten = played(small({ faults: [ROT, CRASH] }));

  it('hold nothing against honest nodes', () => {
    expect(lawsBroken(crashed)).toEqual([]);
    expect(lawsBroken(rotten)).toEqual([]);
  });

  const split = played(small({ faults: [SPLIT] }));

  it('hold nothing against nodes that change to another branch', () => {
    expect(lawsBroken(split)).toEqual([]);
    expect(split.observation.reorgs).toBeGreaterThan(0);
  });

  const voted = played(staked({ faults: [CRASH] }));
  // The twin hears of proposals too late, and votes for none where the other votes for one.
  const late: FaultLine = {
    kind: 'latency',
    at: '10s',
    for: '30s',
    link: { from: [7], to: 'all' },
    extra: '700ms',
  };
  const twins = played(staked({ nodes: 8, hosts: [{ hosts: [7], twinOf: 0 }], faults: [late] }));

  it('hold nothing against validators, nor against those that were slashed', () => {
    expect(lawsBroken(voted)).toEqual([]);
    expect(lawsBroken(twins)).toEqual([]);
  });

  /** Of honest runs; whom to blame for a split is asked in no run without one. */
  const judgedIn = new Map([
    ['corruption', rotten],
    ['signing', voted],
    ['slashing', twins],
    ['returned', split],
  ]);
  const always = [...ORACLES.keys()].filter((name) => name !== 'accountability');

  it.each(always)('%s has judged something in an honest run', (name) => {
    const cluster = judgedIn.get(name) ?? crashed;
    expect(cluster.oracleChecks().find((check) => check.name === name)?.checked).toBeGreaterThan(0);
  });

  it.each(PLANTS)('find $bug: $laws', ({ file = small(), options, laws }) => {
    expect(lawsBroken(played(file, options))).toEqual(laws);
  });

  it('have a plant each', () => {
    const planted = new Set(PLANTS.flatMap(({ laws }) => laws.map((law) => law.split('/')[0])));
    expect([...ORACLES.keys()].filter((name) => !planted.has(name))).toEqual([]);
    expect(planted.has('convergence') && planted.has('acceptance')).toBe(true);
  });
});

function verdictOf(file: ScenarioFile, options: ClusterOptions = {}): RunResult['verdict'] {
  const run = createScenarioRun(file, { seed: '1', nativeSuite: SUITE, ...options });
  while (run.step(100_000));
  return run.result().verdict;
}

describe('the verdict', () => {
  const lying: ClusterOptions = { program: wrongFinal('depth') };
  const stalled: ClusterOptions = { program: planted([2], deaf) };
  const deep = small({ chain: { engine: 'pow', blockInterval: '2s', finalityDepth: 1_000 } });

  it('names the violation that nobody expected', () => {
    expect(verdictOf(small(), lying)).toMatchObject({
      kind: 'violated',
      violation: {
        oracle: 'agreement',
        rule: 'depth-finality-conflict',
        kind: 'safety',
        hosts: expect.arrayContaining(['n0']),
      },
    });
  });

  it('is a pass when the expected violation came, and none other', () => {
    expect(verdictOf(small({ expect: { violation: 'agreement' } }), lying)).toEqual({ kind: 'passed' });
    expect(verdictOf(small({ expect: { violation: 'bounds' } }), lying)).toMatchObject({ kind: 'violated' });
  });

  it('is no pass when the expected violation or stall did not come', () => {
    expect(verdictOf(small({ expect: { violation: 'agreement' } }))).toMatchObject({
      kind: 'unexpectedPass',
    });
    expect(verdictOf(small({ expect: 'stall' }))).toMatchObject({ kind: 'unexpectedPass' });
  });

  it('of a stall is liveness, or a pass where it is expected', () => {
    expect(verdictOf(deep, stalled)).toMatchObject({
      kind: 'violated',
      violation: { kind: 'liveness', hosts: ['n2'] },
    });
    expect(verdictOf({ ...deep, expect: 'stall' }, stalled)).toEqual({ kind: 'passed' });
  });

  it('is no pass when less happened than the scenario demands', () => {
    expect(verdictOf(small({ atLeast: { reorgDepth: 50, faults: { pause: 1 } } }))).toMatchObject({
      kind: 'tooLittle',
      missing: [
        { what: 'reorgDepth', wanted: 50 },
        { what: 'faults.pause', wanted: 1, got: 0 },
      ],
    });
  });

  it('of a program that throws is a crash of its host', () => {
    const throwing = planted([1], () => ({
      process: () => ({
        onMessage() {
          throw new Error('planted');
        },
      }),
    }));
    expect(verdictOf(small(), { program: throwing })).toMatchObject({ kind: 'crashed', host: 'n1' });
  });
});

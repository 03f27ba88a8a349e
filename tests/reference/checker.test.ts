import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { History, hash, Leaves, merkleTreeHash } from './bytes.ts';
import { type ChainExport, checkChain, checkExport, type UpgradeStep } from './checker.ts';
import { isSignature } from './engine.ts';
import { engineOf } from './engines.ts';
import { Executor } from './execution.ts';
import { addressOf, decodeBlock, decodeGenesis, encodeReceipt, isPublicKey } from './layouts.ts';
import {
  actor,
  Chain,
  GAS,
  LIMIT,
  OTHER_GAS,
  START_MS,
  TARGET,
  TRANSFER_GAS,
  targetText,
} from './producer.ts';

interface GoldenChain {
  readonly engine: string;
  readonly genesis: string;
  readonly schedule: readonly UpgradeStep[];
  readonly blocks: readonly {
    readonly id: string;
    readonly weight: string;
    readonly bytes: string;
    readonly receipts: readonly string[];
  }[];
  readonly finalStateRoot: string;
}

interface Golden {
  readonly keys: readonly { readonly key: string; readonly address: string }[];
  readonly transactions: readonly { readonly signBytes: string; readonly id: string }[];
  readonly headers: readonly { readonly sealBytes: string; readonly bytes: string; readonly id: string }[];
  readonly block: {
    readonly bytes: string;
    readonly transactionsRoot: string;
    readonly receiptsRoot: string;
    readonly systemRoot: string;
    readonly receipts: readonly string[];
  };
  readonly genesis: { readonly bytes: string; readonly hash: string };
  readonly merkle: readonly { readonly leaves: readonly string[]; readonly root: string }[];
  readonly history: { readonly steps: readonly { readonly id: string; readonly root: string }[] };
  readonly state: {
    readonly leaves: readonly { readonly namespace: number; readonly id: string; readonly value: string }[];
    readonly rootsAfterEach: readonly string[];
  };
  readonly chains: readonly GoldenChain[];
  readonly refused: readonly { readonly breaks: string; readonly parent: string; readonly bytes: string }[];
}

const VECTORS = join(import.meta.dirname, '../vectors');
const golden = JSON.parse(readFileSync(join(VECTORS, 'aureon-v1.json'), 'utf8')) as Golden;
const bytesOf = (text: string) => Buffer.from(text, 'hex');
const exportOf = ({ genesis, schedule, blocks }: GoldenChain): ChainExport => ({
  genesis,
  schedule,
  blocks: blocks.map(({ bytes }) => bytes),
});

describe('the checker', () => {
  it('imports nothing of src', () => {
    for (const file of readdirSync(import.meta.dirname)) {
      const text = readFileSync(join(import.meta.dirname, file), 'utf8');
      const imported = [...text.matchAll(/(?:from|import) '([^']+)'/g)].map(([, name = '']) => name);
      expect(imported.filter((name) => !/^(node:|\.\/|vitest$|@noble\/ed25519$)/.test(name))).toEqual([]);
    }
  });

  it('accepts the golden chains, and computes their ids, weights, receipts and last state', () => {
    expect(golden.chains.map(({ engine }) => engine)).toEqual(
      expect.arrayContaining(['round-robin', 'pow', 'poa']),
    );
    for (const chain of golden.chains) {
      const verdict = checkChain(exportOf(chain), 'ed25519');
      expect(verdict).toEqual({
        problems: [],
        ids: chain.blocks.map(({ id }) => id),
        weights: chain.blocks.map(({ weight }) => weight),
        receipts: chain.blocks.map(({ receipts }) => receipts),
        stateRoot: chain.finalStateRoot,
      });
      expect(verdict.ids.length).toBeGreaterThanOrEqual(10);
    }
  });

  it('refuses each golden block that is to be refused, for the one rule that it breaks', () => {
    expect(golden.refused.map(({ breaks }) => breaks)).toContain('transaction-sender');
    for (const { breaks, parent, bytes } of golden.refused) {
      const chain = golden.chains.find(({ blocks }) => blocks.at(-1)?.id === parent);
      const before = exportOf(chain as GoldenChain);
      const problems = checkExport({ ...before, blocks: [...before.blocks, bytes] });
      expect(problems).toMatchObject([{ height: before.blocks.length, rule: breaks }]);
    }
  });

  it('refuses a block of proof of authority for each rule that it breaks', () => {
    const chain = golden.chains.find(({ engine }) => engine === 'poa') as GoldenChain;
    const field = (at: number) => decodeBlock(bytesOf(chain.blocks[at]?.bytes ?? '')).header.consensus;
    const keyOf = (at: number) => field(at).toString('hex', 1, 33);
    /** What is wrong with the block when bytes of its field, or of its header, are others; signatures aside. */
    const broken = (at: number, from: string, to: string) => {
      const before = exportOf(chain).blocks.slice(0, at);
      const bytes = chain.blocks[at]?.bytes.replace(from, to) ?? '';
      expect(bytes).not.toBe(chain.blocks[at]?.bytes);
      const { problems } = checkChain({ ...exportOf(chain), blocks: [...before, bytes] }, 'skip');
      expect(problems.every(({ height }) => height === at)).toBe(true);
      return problems.map(({ rule }) => rule);
    };
    const withField = (at: number, change: (hex: string) => string) => {
      const hex = field(at).toString('hex');
      const sized = (text: string) => (text.length / 2).toString(16).padStart(4, '0') + text;
      return broken(at, sized(hex), sized(change(hex)));
    };
    const flip = (hex: string) => (hex.startsWith('02') ? '01' : '02') + hex.slice(2);
    expect(withField(5, flip)).toEqual(['difficulty']);
    expect(withField(5, (hex) => hex.replace(keyOf(5), keyOf(4)))).toContain('signer');
    expect(withField(5, (hex) => hex.replace(keyOf(5), 'ab'.repeat(32)))).toContain('signer');
    expect(withField(5, (hex) => `${hex}00`)).toEqual(['consensus-field']);
    const ownKey = keyOf(8);
    expect(withField(8, (hex) => `${hex.slice(0, 66)}01${ownKey}00${hex.slice(68)}`)).toEqual(['checkpoint']);
    expect(withField(8, (hex) => `${hex.slice(0, 68)}00`)).toEqual(['checkpoint']);
    expect(withField(5, (hex) => `${hex.slice(0, -2)}01${ownKey}`)).toEqual(['checkpoint']);
    const parent = decodeBlock(bytesOf(chain.blocks[4]?.bytes ?? '')).header.timestampMs;
    const own = decodeBlock(bytesOf(chain.blocks[5]?.bytes ?? '')).header.timestampMs;
    const time = (ms: number) => ms.toString(16).padStart(16, '0');
    expect(broken(5, time(own), time(parent + 999))).toEqual(['timestamp']);
  });

  it('counts votes of proof of authority: one is voted in, one out', () => {
    const chain = golden.chains.find(({ engine }) => engine === 'poa') as GoldenChain;
    const listed = [0, 8, 16].map((at) => {
      const { consensus } = decodeBlock(bytesOf(chain.blocks[at]?.bytes ?? '')).header;
      return consensus.subarray(at === 0 ? 1 : 35).length / 32;
    });
    expect(listed).toEqual([4, 5, 4]);
  });

  it('computes the golden ids, sign bytes and addresses', () => {
    const { transactions, header } = decodeBlock(bytesOf(golden.block.bytes));
    for (const transaction of transactions) {
      const vector = golden.transactions.find(({ id }) => id === transaction.id);
      expect(vector?.signBytes).toBe(transaction.signed.toString('hex'));
    }
    expect(transactions).toHaveLength(golden.transactions.length);
    const vector = golden.headers.find(({ id }) => id === header.id);
    expect(vector?.sealBytes).toBe(header.sealBytes.toString('hex'));
    for (const { key, address } of golden.keys)
      expect([addressOf(key), isPublicKey(key)]).toEqual([address, true]);
    expect(decodeGenesis(bytesOf(golden.genesis.bytes)).hash).toBe(golden.genesis.hash);
  });

  it('computes the golden roots of lists, history and state', () => {
    const { block } = golden;
    const { transactions, lastCommit, evidence } = decodeBlock(bytesOf(block.bytes));
    expect(merkleTreeHash(transactions.map(({ raw }) => raw))).toBe(block.transactionsRoot);
    expect(merkleTreeHash([lastCommit, ...evidence])).toBe(block.systemRoot);
    expect(merkleTreeHash(block.receipts.map(bytesOf))).toBe(block.receiptsRoot);
    for (const { leaves, root } of golden.merkle) expect(merkleTreeHash(leaves.map(bytesOf))).toBe(root);
    const history = new History();
    for (const { id, root } of golden.history.steps) {
      if (id !== '') history.push(id);
      expect(history.root()).toBe(root);
    }
    const leaves = new Leaves();
    const roots = [leaves.root()];
    for (const { namespace, id, value } of golden.state.leaves) {
      leaves.set(namespace, id, bytesOf(value));
      roots.push(leaves.root());
    }
    expect(roots).toEqual(golden.state.rootsAfterEach);
  });

  it('reads a receipt as it stands', () => {
    for (const text of golden.block.receipts) {
      const raw = bytesOf(text);
      const again = encodeReceipt(text.slice(0, 64), raw.readUInt8(32), Number(raw.readBigUInt64BE(33)));
      expect(again.toString('hex')).toBe(text);
    }
  });

  it('judges signatures as ZIP-215 does: all 196 published ones are good', () => {
    const text = readFileSync(join(VECTORS, 'ed25519-zip215.json'), 'utf8');
    const pairs = [...text.matchAll(/"([0-9a-f]{64})"[^{}]*?"([0-9a-f]{128})"/g)];
    expect(pairs).toHaveLength(196);
    for (const [, key = '', signature = ''] of pairs) {
      expect(isSignature(bytesOf(signature), Buffer.from('Zcash'), key)).toBe(true);
    }
  });

  it('refuses the eight points of small order as keys, in every spelling of the published list', () => {
    const text = readFileSync(join(VECTORS, 'ed25519-zip215.json'), 'utf8');
    const keys = new Set([...text.matchAll(/"([0-9a-f]{64})"/g)].map(([, key = '']) => key));
    expect(keys.size).toBe(14);
    for (const key of keys) expect(isPublicKey(key)).toBe(false);
  });

  it('refuses what is no export, and knows no other engine', () => {
    const valid = exportOf(golden.chains[0] as GoldenChain);
    const rules = (json: unknown) => checkExport(json).map(({ rule }) => rule);
    for (const json of [
      null,
      'text',
      {},
      { ...valid, genesis: 'XY' },
      { ...valid, blocks: ['0'] },
      { ...valid, schedule: [{ height: 1.5, version: 2 }] },
      { ...valid, schedule: [7] },
      { ...valid, schedule: [null] },
    ]) {
      expect(rules(json)).toEqual(['export']);
    }
    const other = bytesOf(valid.genesis).toString('latin1').replace('round-robin', 'round-robim');
    expect(rules({ ...valid, genesis: Buffer.from(other, 'latin1').toString('hex') })).toEqual(['layout']);
  });

  it('is a command: exit 0 for a valid chain, 1 with a line for each problem, 2 without a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'aureon-check-'));
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [join(import.meta.dirname, 'check.ts'), ...args], { encoding: 'utf8' });
    const valid = exportOf(golden.chains[0] as GoldenChain);
    const file = join(folder, 'chain.json');
    writeFileSync(file, JSON.stringify(valid));
    expect(run(file)).toMatchObject({ status: 0, stdout: '' });
    writeFileSync(file, JSON.stringify({ ...valid, blocks: valid.blocks.toSpliced(3, 1) }));
    const bad = run(file, '--skip-signatures');
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/^height 3: height: .*\nheight 3: parent: /);
    expect(run().status).toBe(2);
    rmSync(folder, { recursive: true });
  });
});

describe('chains of the independent producer', () => {
  const alice = actor('alice');
  const bob = actor('bob');
  const start = (engine: 'pow' | 'round-robin', schedule: UpgradeStep[] = []) =>
    new Chain(
      engine,
      new Map([
        [alice, 1_000_000n],
        [bob, 500_000n],
      ]),
      schedule,
    );

  it('are accepted: transfers, new accounts, every failure, in both engines', () => {
    for (const engine of ['round-robin', 'pow'] as const) {
      const chain = start(engine);
      const grow = (...plans: Parameters<Chain['plan']>[]) => {
        chain.append(chain.draft(plans.map((plan) => chain.plan(...plan))));
      };
      const stranger = hash(0x12, '01');
      grow([{ from: alice, to: bob.address, amount: 100n }]);
      grow([{ from: alice, to: stranger }, { gasUsed: TRANSFER_GAS + GAS.perNewAccount }]);
      grow([
        { from: alice, to: hash(0x12, '02'), gasLimit: 5000 },
        { status: 2, gasUsed: 5000 },
      ]);
      grow([{ from: alice, to: hash(0x12, '02'), amount: 0n }]);
      grow(
        [{ from: alice }],
        [{ from: bob, tag: 1 }, { status: 5 }],
        [{ from: bob, tag: 2, nonce: 1 }, { status: 5 }],
      );
      grow();
      const spendable = chain.balanceOf(bob) - 10_000n * GAS.priceMin;
      grow([{ from: bob, to: alice.address, amount: spendable + 1n }, { status: 1 }]);
      const rest = chain.balanceOf(bob) - 10_000n * GAS.priceMin;
      grow([{ from: bob, to: alice.address, amount: rest }]);
      grow([{ from: bob, to: hash(0x12, '03'), amount: 2n ** 64n - 1n, gasLimit: 6000 }, { status: 1 }]);
      grow([{ from: alice, validUntilHeight: 10 }]);
      expect(checkExport(chain.export)).toEqual([]);
      const { blocks } = chain.export;
      expect(checkExport({ ...chain.export, blocks: blocks.slice(1) })).toEqual([]);
      const verdict = checkChain(chain.export, 'ed25519');
      const weight = engine === 'pow' ? 10n * 64n : 10n * 3n;
      expect(BigInt(`0x${verdict.weights.at(-1)}`)).toBe(weight);
      expect(verdict.stateRoot).toBe(chain.stateRoot());
    }
  });

  it('are accepted when every producer in between is passed over, for less weight', () => {
    const chain = start('round-robin');
    chain.append(chain.draft([], 2)).append(chain.draft([], 1));
    const verdict = checkChain(chain.export, 'ed25519');
    expect(verdict.problems).toEqual([]);
    expect(verdict.weights.map((weight) => Number.parseInt(weight, 16))).toEqual([0, 1, 3]);
  });

  it('are accepted across an upgrade: old transactions stay valid, burning begins', () => {
    const chain = start('round-robin', [{ height: 2, version: 2 }]);
    chain.append(chain.draft([chain.plan({ from: alice })]));
    const burn = chain.plan({ from: bob, tag: 3, version: 2, amount: 7n });
    chain.append(chain.draft([chain.plan({ from: alice }), burn]));
    expect(chain.burnt).toBe(7n);
    expect(
      decodeBlock(chain.blocks[2] ?? Buffer.alloc(0)).transactions.map((t) => [t.version, t.raw.length]),
    ).toEqual([
      [1, 204],
      [2, 172],
    ]);
    expect(burn.gasUsed).toBe(OTHER_GAS);
    expect(checkExport(chain.export)).toEqual([]);
  });

  it('double the target when a half-life passes, and never pass its limit', () => {
    const chain = start('pow');
    const late = [10_000, 10_000, 40_000, 0];
    [TARGET, 2n * TARGET, 4n * TARGET, LIMIT].forEach((target, i) => {
      const draft = chain.draft([]);
      draft.timestampMs += late[i] ?? 0;
      draft.consensus = targetText(target);
      chain.append(draft);
    });
    expect(checkExport(chain.export)).toEqual([]);
  });

  it('weigh 2^256 / (target + 1) a block, rounded down', () => {
    const chain = start('pow');
    const { header } = decodeBlock(chain.blocks[0] ?? Buffer.alloc(0));
    const engine = engineOf(decodeGenesis(chain.genesis), 'ed25519');
    const of = (target: bigint) => engine.weight({ ...header, consensus: bytesOf(targetText(target)) });
    expect([of(1n), of(2n), of(2n ** 256n - 1n)]).toEqual([2n ** 255n, 2n ** 256n / 3n, 1n]);
  });

  it('issue no more than 2^63 - 1 together, and go on when all is issued', () => {
    const rich = new Chain('pow', new Map([[alice, 2n ** 63n - 1n - 60n]]));
    const issued: bigint[] = [];
    for (let height = 1; height <= 4; height += 1) {
      const before = rich.issued;
      rich.append(rich.draft([], 0, [0n, 50n, 10n, 0n][height - 1]));
      issued.push(rich.issued - before);
    }
    expect(issued).toEqual([0n, 50n, 10n, 0n]);
    expect(checkExport(rich.export)).toEqual([]);
  });

  it('whose accounts hold a coin that nobody issued are found by counting', () => {
    const chain = start('round-robin');
    const genesis = decodeGenesis(chain.genesis);
    const executor = new Executor(genesis, engineOf(genesis, 'skip'), 'skip');
    const block = decodeBlock(chain.append(chain.draft([])).blocks[1] ?? Buffer.alloc(0));
    const rules: string[] = [];
    executor.execute(block, chain.id, (rule) => rules.push(rule));
    expect(rules).toEqual([]);
    const coin = Buffer.from(`0001${'00'.repeat(15)}01${'00'.repeat(64)}`, 'hex');
    executor.leaves.set(0, hash(0x12, '09'), coin);
    executor.execute(block, chain.id, (rule) => rules.push(rule));
    expect(rules).toEqual(['supply']);
  });

  it('start at the time that genesis states', () => {
    expect(decodeBlock(start('pow').blocks[0] ?? Buffer.alloc(0)).header.timestampMs).toBe(START_MS);
  });
});

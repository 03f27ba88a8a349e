/** A small producer of chains for the checker's tests: every byte and every balance stands here a second time. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';

/** Somebody who signs. */
export interface Actor {
  readonly key: string;
  readonly address: string;
  readonly secret: KeyObject;
}

/** What a test may say of a transaction; the rest follows. */
export interface Plan {
  readonly from: Actor;
  readonly tag?: number;
  readonly to?: string;
  readonly amount?: bigint;
  readonly nonce?: number;
  readonly version?: number;
  readonly chainId?: string;
  readonly validUntilHeight?: number;
  readonly gasLimit?: number;
  readonly gasPrice?: bigint;
  readonly senderKey?: string;
  readonly signer?: Actor;
}

/** A transaction with what it shall do; the test's author computed it, not the code under test. */
export interface Planned {
  readonly bytes: Buffer;
  readonly from: string;
  readonly gasUsed: number;
  readonly fee: bigint;
  readonly status: number;
  readonly paid: bigint;
  readonly to: string | undefined;
}

/** Every field of a block that a test may overwrite. */
export interface Draft {
  version: number;
  height: number;
  parent: string;
  timestampMs: number;
  beneficiary: string;
  txCount: number;
  transactionsRoot: string;
  receiptsRoot: string;
  stateRoot: string;
  systemRoot: string;
  messagesRoot: string;
  historyRoot: string;
  gasUsed: number;
  consensus: string;
  transactions: Buffer[];
  evidence: Buffer[];
  lastCommit: Buffer;
}

export const START_MS = 1_700_000_000_000;
const PERIOD_MS = 1000;
export const GAS = { perByte: 3, perSignature: 100, perNewAccount: 5000, blockMax: 100_000, priceMin: 2n };
/** Gas of a transfer (204 bytes) and of any other action (172 bytes). */
export const TRANSFER_GAS = 204 * 3 + 100;
export const OTHER_GAS = 172 * 3 + 100;
/** About one hash in four is a seal; work per block is 2^256 / 2^250 = 64. */
export const TARGET = 2n ** 250n - 1n;
/** No target of a producer's chain is above it. */
export const LIMIT = 2n ** 255n;
const POW_SCALE = 16n;
const REWARD = 50n;

const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const hexOf = (text: string) => Buffer.from(text, 'hex');
const number = (value: number | bigint, bytes: number) =>
  hexOf(
    BigInt(value)
      .toString(16)
      .padStart(bytes * 2, '0'),
  );
const sized = (lengthBytes: number, body: Buffer) => Buffer.concat([number(body.length, lengthBytes), body]);
const tagged = (tag: number, ...parts: Buffer[]) => sha(number(tag, 1), ...parts);
const zero = Buffer.alloc(32);

export function actor(name: string): Actor {
  const der = Buffer.concat([hexOf('302e020100300506032b657004220420'), sha(Buffer.from(name))]);
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const key = createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32);
  return { key: key.toString('hex'), address: tagged(0x12, key).toString('hex'), secret };
}

/** RFC 6962 from the leaves up: pairs are joined level by level, and an odd last one moves up as it is. */
export function listRoot(leaves: readonly Buffer[]): string {
  let level: Buffer[] = leaves.map((leaf) => tagged(0x00, leaf));
  if (level.length === 0) return sha().toString('hex');
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const pair = level.slice(i, i + 2);
      above.push(pair.length === 2 ? tagged(0x01, ...pair) : (pair[0] ?? zero));
    }
    level = above;
  }
  return level[0]?.toString('hex') ?? '';
}

/** The state tree by inserting leaf after leaf, path by path. */
type Node =
  | { readonly path: string; readonly hash: Buffer }
  | { low: Node | undefined; high: Node | undefined };

function insert(node: Node | undefined, leaf: { path: string; hash: Buffer }, depth: number): Node {
  if (node === undefined) return leaf;
  if ('path' in node) return insert(insert({ low: undefined, high: undefined }, node, depth), leaf, depth);
  const side = leaf.path[depth] === '0' ? 'low' : 'high';
  node[side] = insert(node[side], leaf, depth + 1);
  return node;
}

function rootOf(node: Node | undefined): Buffer {
  if (node === undefined) return zero;
  return 'path' in node ? node.hash : tagged(0x23, rootOf(node.low), rootOf(node.high));
}

function stateLeaf(namespace: number, id: Buffer, value: Buffer): { path: string; hash: Buffer } {
  const path = tagged(0x20, number(namespace, 1), id);
  const bits = [...path].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return { path: bits, hash: tagged(0x22, path, tagged(0x21, value)) };
}

/** One chain that grows block by block. Balances and nonces stand in plain maps. */
export class Chain {
  readonly engine: 'pow' | 'round-robin';
  readonly validators: readonly Actor[];
  readonly genesis: Buffer;
  readonly id: string;
  readonly blocks: Buffer[] = [];
  readonly schedule: { height: number; version: number }[];
  balances = new Map<string, bigint>();
  nonces = new Map<string, number>();
  issued = 0n;
  burnt = 0n;
  readonly #allotted: bigint;
  readonly #ids: Buffer[] = [];
  readonly #times: number[] = [START_MS];

  constructor(
    engine: 'pow' | 'round-robin',
    allocation: ReadonlyMap<Actor, bigint>,
    schedule: { height: number; version: number }[] = [],
    validators = ['v0', 'v1', 'v2'].map(actor),
    config = engine === 'pow' ? powConfig() : roundRobinConfig(PERIOD_MS, 500, 3),
  ) {
    this.engine = engine;
    this.schedule = schedule;
    this.validators = [...validators].sort((a, b) => (a.key < b.key ? -1 : 1));
    const accounts = [...allocation].map(([{ address }, balance]) => ({ address, balance }));
    accounts.sort((a, b) => (a.address < b.address ? -1 : 1));
    for (const { address, balance } of accounts) this.balances.set(address, balance);
    this.#allotted = accounts.reduce((sum, { balance }) => sum + balance, 0n);
    this.genesis = Buffer.concat([
      sized(1, Buffer.from('checked')),
      number(0, 4),
      sized(1, Buffer.from(engine)),
      sized(4, config),
      number(GAS.blockMax, 8),
      number(8192, 4),
      number(GAS.perByte, 8),
      number(GAS.perSignature, 8),
      number(GAS.perNewAccount, 8),
      number(GAS.priceMin, 8),
      number(accounts.length, 4),
      ...accounts.flatMap(({ address, balance }) => [hexOf(address), number(balance, 8)]),
      number(this.validators.length, 4),
      ...this.validators.flatMap(({ key }) => [hexOf(key), number(1, 8)]),
      number(START_MS, 8),
      number(1, 2),
    ]);
    const first = this.draft([]);
    first.beneficiary = zero.toString('hex');
    first.timestampMs = START_MS;
    if (engine === 'round-robin') first.consensus = '';
    const block = Buffer.concat([head(first), number(0, 2), number(0, 9)]);
    this.id = tagged(0x10, block.subarray(0, -9)).toString('hex');
    this.#ids.push(hexOf(this.id));
    this.blocks.push(block);
  }

  get height(): number {
    return this.#ids.length;
  }

  get export(): { genesis: string; schedule: { height: number; version: number }[]; blocks: string[] } {
    const blocks = this.blocks.map((block) => block.toString('hex'));
    return { genesis: this.genesis.toString('hex'), schedule: this.schedule, blocks };
  }

  get version(): number {
    return this.schedule.findLast((step) => step.height <= this.height)?.version ?? 1;
  }

  balanceOf(who: Actor): bigint {
    return this.balances.get(who.address) ?? 0n;
  }

  /** A signed transaction and what it is to do: by default a transfer that succeeds, to somebody who has an account. */
  plan(plan: Plan, outcome: { status?: number; gasUsed?: number } = {}): Planned {
    const { from, tag = 0, amount = 1n, gasPrice = GAS.priceMin, gasLimit = 10_000 } = plan;
    const to = tag === 0 ? (plan.to ?? from.address) : undefined;
    const unsigned = Buffer.concat([
      number(plan.version ?? 1, 2),
      hexOf(plan.chainId ?? this.id),
      hexOf(plan.senderKey ?? from.key),
      number(plan.nonce ?? this.nonces.get(from.address) ?? 0, 8),
      number(plan.validUntilHeight ?? 0, 8),
      number(gasLimit, 8),
      number(gasPrice, 8),
      number(tag, 1),
      to === undefined ? Buffer.alloc(0) : hexOf(to),
      number(amount, 8),
    ]);
    const message = Buffer.concat([number(0x30, 1), unsigned, number(0, 1)]);
    const bytes = Buffer.concat([unsigned, sized(1, sign(null, message, (plan.signer ?? from).secret))]);
    const { status = 0, gasUsed = tag === 0 ? TRANSFER_GAS : OTHER_GAS } = outcome;
    const paid = status === 0 ? amount : 0n;
    return { bytes, from: from.address, gasUsed, fee: BigInt(gasUsed) * gasPrice, status, paid, to };
  }

  /** The next block with all its roots, not sealed; applies the transactions to the balances. */
  draft(
    planned: readonly Planned[],
    skipped = 0,
    reward = this.engine === 'pow' && this.height >= 2 ? REWARD : 0n,
  ): Draft {
    const height = this.height;
    const beneficiary = this.validators[0]?.address ?? '';
    const receipts: Buffer[] = [];
    let fees = 0n;
    for (const t of planned) {
      this.#add(t.from, -t.fee - t.paid);
      this.nonces.set(t.from, (this.nonces.get(t.from) ?? 0) + 1);
      if (t.to !== undefined && t.paid > 0n) this.#add(t.to, t.paid);
      if (t.to === undefined) this.burnt += t.paid;
      fees += t.fee;
      receipts.push(Buffer.concat([tagged(0x11, t.bytes), number(t.status, 1), number(t.gasUsed, 8), zero]));
    }
    this.issued += reward;
    if (fees + reward > 0n) this.#add(beneficiary, fees + reward);
    const transactions = planned.map(({ bytes }) => bytes);
    const parentMs = this.#times.at(-1) ?? START_MS;
    const turn = this.validators[(height + skipped) % this.validators.length];
    return {
      version: this.version,
      height,
      parent: this.#ids.at(-1)?.toString('hex') ?? zero.toString('hex'),
      timestampMs: parentMs + PERIOD_MS + 500 * skipped,
      beneficiary,
      txCount: transactions.length,
      transactionsRoot: listRoot(transactions),
      receiptsRoot: listRoot(receipts),
      stateRoot: this.stateRoot(),
      systemRoot: listRoot([Buffer.alloc(0)]),
      messagesRoot: zero.toString('hex'),
      historyRoot: listRoot(this.#ids),
      gasUsed: planned.reduce((sum, t) => sum + t.gasUsed, 0),
      consensus:
        this.engine === 'pow' ? targetText(TARGET) : number(skipped, 2).toString('hex') + (turn?.key ?? ''),
      transactions,
      evidence: [],
      lastCommit: Buffer.alloc(0),
    };
  }

  /** The root over all balances, nonces and the counters of supply. */
  stateRoot(): string {
    let tree: Node | undefined;
    const put = (namespace: number, id: Buffer, value: Buffer) => {
      tree = insert(tree, stateLeaf(namespace, id, value), 0);
    };
    put(1, Buffer.from('genesis'), tagged(0x13, this.genesis));
    const supply = [this.#allotted, this.issued, this.burnt].map((amount) => number(amount, 8));
    put(1, Buffer.from('supply'), Buffer.concat(supply));
    for (const [address, balance] of this.balances) {
      const nonce = number(this.nonces.get(address) ?? 0, 8);
      put(0, hexOf(address), Buffer.concat([number(1, 2), nonce, number(balance, 8), zero, zero]));
    }
    return rootOf(tree).toString('hex');
  }

  /** Seals and appends. `seal` overrides a signature or a nonce. */
  append(draft: Draft, sealWith?: (bytes: Buffer) => Buffer): this {
    const sealBytes = Buffer.concat([head(draft), number(0, 2)]);
    const signer = this.validators.find(({ key }) => draft.consensus.endsWith(key));
    const seal =
      sealWith?.(sealBytes) ?? (signer === undefined ? mine(draft, sealBytes) : seal31(sealBytes, signer));
    const header = Buffer.concat([head(draft), sized(2, seal)]);
    this.blocks.push(
      Buffer.concat([
        header,
        number(draft.transactions.length, 4),
        ...draft.transactions,
        number(draft.evidence.length, 1),
        ...draft.evidence.map((item) => sized(4, item)),
        sized(4, draft.lastCommit),
      ]),
    );
    this.#ids.push(tagged(0x10, header));
    this.#times.push(draft.timestampMs);
    return this;
  }

  #add(address: string, amount: bigint): void {
    this.balances.set(address, (this.balances.get(address) ?? 0n) + amount);
  }
}

/** Configuration of round robin. */
export function roundRobinConfig(periodMs: number, skipMs: number, depth: number): Buffer {
  return Buffer.concat([number(periodMs, 4), number(skipMs, 4), number(depth, 4)]);
}

/** Configuration of proof of work. */
export function powConfig(
  changes: {
    difficulty?: number;
    intervalMs?: number;
    halfLifeMs?: number;
    target?: bigint;
    limit?: bigint;
    scale?: bigint;
    depth?: number;
    steps?: readonly (readonly [height: number, reward: bigint])[];
  } = {},
): Buffer {
  const { difficulty = 1, steps = [[2, REWARD]] } = changes;
  const times = [number(changes.intervalMs ?? PERIOD_MS, 8), number(changes.halfLifeMs ?? 10_000, 8)];
  return Buffer.concat([
    number(difficulty, 1),
    ...(difficulty === 0 ? [] : times),
    number(changes.target ?? TARGET, 32),
    number(changes.limit ?? LIMIT, 32),
    number(changes.scale ?? POW_SCALE, 8),
    number(changes.depth ?? 6, 4),
    number(steps.length, 1),
    ...steps.flatMap(([height, reward]) => [number(height, 8), number(reward, 8)]),
  ]);
}

/** A target as a header states it. */
export function targetText(target: bigint): string {
  return number(target, 32).toString('hex');
}

/** A signature of the header without its seal. */
export function seal31(sealBytes: Buffer, signer: Actor): Buffer {
  return sign(null, Buffer.concat([number(0x31, 1), sealBytes]), signer.secret);
}

/** The first nonce from `from` on whose hash is a seal, or is none. */
export function mine(draft: Draft, sealBytes: Buffer, wanted = true): Buffer {
  const most = BigInt(`0x${draft.consensus}`) * POW_SCALE;
  for (let nonce = 0; ; nonce += 1) {
    const seal = number(nonce, 8);
    if (BigInt(`0x${tagged(0x17, sealBytes, seal).toString('hex')}`) <= most === wanted) return seal;
  }
}

function head(d: Draft): Buffer {
  return Buffer.concat([
    number(d.version, 2),
    number(d.height, 8),
    hexOf(d.parent),
    number(d.timestampMs, 8),
    hexOf(d.beneficiary),
    number(d.txCount, 4),
    hexOf(d.transactionsRoot + d.receiptsRoot + d.stateRoot + d.systemRoot + d.messagesRoot + d.historyRoot),
    number(d.gasUsed, 8),
    sized(2, hexOf(d.consensus)),
  ]);
}

/** The rules of a chain with stake a second time: docs/protocol.md, Proof of stake. Sets and times of all heights are kept, nothing is cut. */
import { type Leaves, malformedIsNone, NAMESPACE, need, Reader, u64, uint } from './bytes.ts';
import { type Engine, isSignature, type Report, type Signatures, type Stake } from './engine.ts';
import { checkLastCommit } from './last-commit.ts';
import { ACTION, type Action, addressOf, type Block, type Genesis, type Header, sum } from './layouts.ts';
import { decodeEvidence, type Evidence } from './stake-layouts.ts';
import { changed, encodeSet, type Power, type PowerSet, proposerAt, setHash, turn } from './stake-sets.ts';

const STATUS = {
  ok: 0,
  insufficientBalance: 1,
  refused: 6,
  tooLow: 7,
  tooHigh: 8,
  tooMany: 9,
  last: 10,
  tooManyEntries: 11,
  tombstoned: 12,
} as const;
const TOTAL_MAX = (2n ** 63n - 1n) / 8n;
const SEATS_MAX = 2_048;
const ENTRIES_MAX = 16;
const RELEASES_MAX = 64;
const WINDOW_PARTS = 64;
const ascii = (text: string) => Buffer.from(text).toString('hex');

interface Bond {
  readonly key: string;
  bond: bigint;
  entries: number[];
}

interface Entry {
  readonly owner: string;
  amount: bigint;
  readonly height: number;
  readonly timestampMs: number;
}

function readConfig(bytes: Buffer) {
  const r = new Reader(bytes);
  const timeouts = Array.from({ length: 7 }, () => r.uint(4));
  const config = {
    stakeMin: r.u64(),
    validatorsMax: r.uint(4),
    unbondingBlocks: r.uint(4),
    unbondingMs: r.uint(4),
    evidenceBlocks: r.uint(4),
    evidenceMs: r.uint(4),
    slashPermille: r.uint(4),
    safeHeights: r.uint(4),
  };
  r.end();
  const { stakeMin, validatorsMax, slashPermille, safeHeights } = config;
  need(timeouts.every((ms) => ms >= 1) && stakeMin >= 1n && safeHeights >= 1, 'these are at least 1');
  need(validatorsMax >= 1 && validatorsMax <= 512, 'validatorsMax is in 1..512');
  need(slashPermille >= 1 && slashPermille <= 1_000, 'slashPermille is in 1..1000');
  need(config.evidenceBlocks < config.unbondingBlocks, 'evidence is shorter than unbonding, in blocks');
  need(config.evidenceMs < config.unbondingMs, 'evidence is shorter than unbonding, in time');
  return config;
}

/** @throws {Malformed} when configuration or validators of the genesis are not allowed. */
export function proofOfStake(genesis: Genesis, signatures: Signatures): Engine {
  const stake = new StakeChain(genesis, signatures);
  return {
    genesisConsensus: Buffer.concat([Buffer.alloc(68), Buffer.from(setHash(stake.setAt(1)), 'hex')]),
    weightText: (total) => total.toString(16).padStart(16, '0'),
    issued: () => 0n,
    weight: () => 1n,
    check: (header, chain, report) => stake.checkHeader(header, chain, report),
    stake,
  };
}

class StakeChain implements Stake {
  readonly #genesis: Genesis;
  readonly #config: ReturnType<typeof readConfig>;
  readonly #signatures: Signatures;
  /** By height; genesis has none. */
  readonly #sets: (PowerSet | undefined)[];
  readonly #bonds = new Map<string, Bond>();
  readonly #queue = new Map<number, Entry>();
  readonly #judged = new Set<string>();
  /** Headers as they are executed, genesis first. */
  readonly #times: Pick<Header, 'height' | 'timestampMs'>[];
  #leaves: Leaves | undefined;
  #first = 0;
  #end = 0;
  /** Keys whose bond the newest set does not have. */
  #changes: string[] = [];
  #joined = 0;

  constructor(genesis: Genesis, signatures: Signatures) {
    this.#genesis = genesis;
    this.#signatures = signatures;
    this.#times = [{ height: 0, timestampMs: genesis.timestampMs }];
    this.#config = readConfig(genesis.engineConfig);
    const { validators } = genesis;
    need(
      validators.length >= 1 && validators.length <= this.#config.validatorsMax,
      'validators are in 1..max',
    );
    need(
      validators.every(({ power }) => power >= this.#config.stakeMin),
      'a stake is at least stakeMin',
    );
    need(sum(validators.map(({ power }) => power)) <= TOTAL_MAX, 'the total power is too high');
    const first = turn(changed({ members: [], proposer: 0 }, validators));
    this.#sets = [undefined, first, turn(first)];
  }

  setAt(height: number): PowerSet {
    const set = this.#sets[height];
    need(set !== undefined, `the set of height ${height} is known`);
    return set;
  }

  start(leaves: Leaves): bigint {
    this.#leaves = leaves;
    for (const { key, power } of this.#genesis.validators) {
      this.#bonds.set(addressOf(key), { key, bond: power, entries: [] });
      this.#putBond(addressOf(key));
    }
    this.#putTotals();
    this.#put(NAMESPACE.system, ascii('stake-set'), encodeSet(this.setAt(2)));
    return this.held();
  }

  held(): bigint {
    return this.#bonded() + sum([...this.#queue.values()].map(({ amount }) => amount));
  }

  checkHeader(header: Header, chain: readonly Header[], report: Report): void {
    const parent = chain.at(-1);
    if (header.seal.length > 0) report('seal', 'there is none');
    if (header.timestampMs < (parent?.timestampMs ?? 0)) report('timestamp', 'it is before its parent');
    if (header.consensus.length !== 100) return report('consensus-field', 'it has 100 bytes');
    const height = chain.length;
    const round = header.consensus.readUInt32BE(0);
    const [proposer, own, next] = [4, 36, 68].map((at) => header.consensus.toString('hex', at, at + 32));
    if (round > 9_999) return report('consensus-field', `round ${round}`);
    if (proposer !== proposerAt(this.setAt(height), round)) report('turn', `${proposer} proposes`);
    if (own !== setHash(this.setAt(height))) report('validators-hash', 'of this height');
    if (next !== setHash(this.setAt(height + 1))) report('validators-hash', 'of the next height');
  }

  checkSystem(block: Block, chain: readonly Header[], report: Report): void {
    const set = chain.length > 1 ? this.setAt(chain.length - 1) : undefined;
    checkLastCommit(block, chain, set, this.#genesis.hash, this.#signatures, report);
    const accused = new Set<string>();
    for (const bytes of block.evidence) {
      const item = malformedIsNone(() => decodeEvidence(bytes, this.#genesis.hash));
      const fact = item === undefined ? 'it is none' : this.#evidenceFlaw(item, chain);
      if (fact !== undefined) report('evidence', fact);
      else if (item !== undefined && accused.has(item.signer)) report('evidence', 'one key twice');
      if (item !== undefined) accused.add(item.signer);
    }
  }

  #isSigned(signature: Buffer, message: Buffer, key: string): boolean {
    return this.#signatures === 'skip' || isSignature(signature, message, key);
  }

  #evidenceFlaw(item: Evidence, chain: readonly Header[]): string | undefined {
    const { height, signer, isPair, signed } = item;
    if (!isPair) return 'it accuses nobody';
    if (height >= chain.length) return 'of a height to come';
    if (height === 0 || this.#isTooOld(height, chain)) return 'too old';
    if (!this.setAt(height).members.some(({ key }) => key === signer)) return 'of no seat';
    if (this.#judged.has(signer)) return 'of one who was judged';
    const isSigned = signed.every(({ signature, message }) => this.#isSigned(signature, message, signer));
    return isSigned ? undefined : 'a wrong signature';
  }

  /** On the last block of `chain`, from the times of all its blocks. */
  #isTooOld(height: number, chain: readonly Pick<Header, 'height' | 'timestampMs'>[]): boolean {
    const { evidenceBlocks, evidenceMs } = this.#config;
    const apart = (length: number) => Math.max(1, Math.ceil(length / WINDOW_PARTS));
    let mark = { height: 0, timestampMs: chain[0]?.timestampMs ?? 0 };
    for (const block of chain) {
      if (block.height >= height) break;
      if (block.height - mark.height < apart(evidenceBlocks)) continue;
      if (block.timestampMs - mark.timestampMs >= apart(evidenceMs)) mark = block;
    }
    const last = chain.at(-1);
    if (last === undefined) return true;
    return last.height - height > evidenceBlocks && last.timestampMs - mark.timestampMs > evidenceMs;
  }

  begin(block: Block): bigint {
    this.#times.push(block.header);
    let burnt = 0n;
    for (const bytes of block.evidence) {
      const item = malformedIsNone(() => decodeEvidence(bytes, this.#genesis.hash));
      if (item !== undefined) burnt += this.#slash(item, block.header);
    }
    return burnt;
  }

  #slash({ id, signer, height }: Evidence, header: Header): bigint {
    const address = addressOf(signer);
    const record = this.#bonds.get(address);
    const part = (value: bigint) => (value * BigInt(this.#config.slashPermille)) / 1_000n;
    let burnt = 0n;
    for (const index of record?.entries ?? []) {
      const entry = this.#queue.get(index);
      if (entry === undefined || entry.height < height) continue;
      const loss = part(entry.amount);
      entry.amount -= loss;
      burnt += loss;
      this.#putEntry(index);
    }
    if (record !== undefined && record.bond > 0n) {
      const loss = part(record.bond);
      burnt += loss;
      this.#note(signer);
      const rest = record.bond - loss;
      record.bond = 0n;
      if (rest > 0n) this.#enqueue(address, rest, header);
      else this.#putBond(address);
    }
    this.#judged.add(signer);
    this.#put(NAMESPACE.evidence, address, Buffer.concat([Buffer.from(id, 'hex'), u64(height), u64(burnt)]));
    this.#putTotals();
    return burnt;
  }

  act(action: Action, key: string, spendable: bigint, header: Header): number {
    const { amount, tag } = action;
    const address = addressOf(key);
    const bond = this.#bonds.get(address)?.bond ?? 0n;
    const status =
      tag === ACTION.stake
        ? this.#stakeStatus(key, amount, bond, spendable, header)
        : this.#unstakeStatus(address, amount, bond);
    if (status !== STATUS.ok) return status;
    this.#note(key);
    const record = this.#bonds.get(address) ?? { key, bond: 0n, entries: [] };
    this.#bonds.set(address, record);
    if (tag === ACTION.stake) {
      const isSeated = this.setAt(header.height + 1).members.some((member) => member.key === key);
      if (bond === 0n && !isSeated) this.#joined += 1;
      record.bond += amount;
      this.#putBond(address);
    } else {
      record.bond -= amount;
      this.#enqueue(address, amount, header);
    }
    this.#putTotals();
    return status;
  }

  #stakeStatus(key: string, amount: bigint, bond: bigint, spendable: bigint, header: Header): number {
    if (amount === 0n) return STATUS.refused;
    if (this.#judged.has(key)) return STATUS.tombstoned;
    if (amount > spendable) return STATUS.insufficientBalance;
    if (bond + amount < this.#config.stakeMin) return STATUS.tooLow;
    if (this.#bonded() + amount > TOTAL_MAX) return STATUS.tooHigh;
    if (bond > 0n) return STATUS.ok;
    const isFull =
      this.#count() >= this.#config.validatorsMax || this.#seats(header) + this.#joined >= SEATS_MAX;
    return isFull ? STATUS.tooMany : STATUS.ok;
  }

  #unstakeStatus(address: string, amount: bigint, bond: bigint): number {
    const rest = bond - amount;
    if (amount === 0n || rest < 0n) return STATUS.refused;
    if (rest > 0n && rest < this.#config.stakeMin) return STATUS.tooLow;
    if (rest === 0n && this.#count() === 1) return STATUS.last;
    const waiting = this.#bonds.get(address)?.entries.length ?? 0;
    return waiting >= ENTRIES_MAX ? STATUS.tooManyEntries : STATUS.ok;
  }

  /** Seats of the parent: every run of heights in which a key was a member, as far as it may be accused. */
  #seats(header: Header): number {
    const newest = header.height + 1;
    const chain = this.#times.slice(0, header.height);
    const keys = (height: number) => new Set(this.#sets[height]?.members.map(({ key }) => key));
    let seats = keys(newest).size;
    for (let height = 1; height < newest; height += 1) {
      if (this.#isTooOld(height, chain)) continue;
      const after = keys(height + 1);
      for (const key of keys(height)) if (!after.has(key)) seats += 1;
    }
    return seats;
  }

  #enqueue(owner: string, amount: bigint, { height, timestampMs }: Header): void {
    const index = this.#end;
    this.#end += 1;
    this.#queue.set(index, { owner, amount, height: height + 1, timestampMs });
    this.#bonds.get(owner)?.entries.push(index);
    this.#putEntry(index);
    this.#putBond(owner);
  }

  #note(key: string): void {
    this.#put(NAMESPACE.system, changeId(this.#changes.length), Buffer.from(key, 'hex'));
    this.#changes.push(key);
  }

  end(header: Header, pay: (address: string, amount: bigint) => void): void {
    const { unbondingBlocks, unbondingMs } = this.#config;
    for (let released = 0; released < RELEASES_MAX; released += 1) {
      const entry = this.#queue.get(this.#first);
      if (entry === undefined || header.height - entry.height < unbondingBlocks) break;
      if (header.timestampMs - entry.timestampMs < unbondingMs) break;
      this.#queue.delete(this.#first);
      this.#leaves?.delete(NAMESPACE.unbonding, u64(this.#first).toString('hex'));
      const record = this.#bonds.get(entry.owner);
      if (record !== undefined) record.entries = record.entries.filter((index) => index !== this.#first);
      this.#putBond(entry.owner);
      if (entry.amount > 0n) pay(entry.owner, entry.amount);
      this.#first += 1;
    }
    const before = this.setAt(header.height + 1);
    const set = turn(changed(before, this.#takeChanges(before)));
    this.#sets[header.height + 2] = set;
    this.#put(NAMESPACE.system, ascii('stake-set'), encodeSet(set));
    this.#putTotals();
  }

  #takeChanges(set: PowerSet): readonly Power[] {
    this.#joined = 0;
    if (this.#count() === 0) return [];
    for (const number of this.#changes.keys()) this.#leaves?.delete(NAMESPACE.system, changeId(number));
    const keys = new Set(this.#changes);
    this.#changes = [];
    const now = new Map(set.members.map(({ key, power }) => [key, power]));
    return [...keys]
      .map((key) => ({ key, power: this.#bonds.get(addressOf(key))?.bond ?? 0n }))
      .filter(({ key, power }) => power !== (now.get(key) ?? 0n));
  }

  #count(): number {
    return [...this.#bonds.values()].filter(({ bond }) => bond > 0n).length;
  }

  #bonded(): bigint {
    return sum([...this.#bonds.values()].map(({ bond }) => bond));
  }

  #put(namespace: number, id: string, value: Buffer): void {
    this.#leaves?.set(namespace, id, value);
  }

  #putEntry(index: number): void {
    const entry = this.#queue.get(index);
    if (entry === undefined) return;
    const { owner, amount, height, timestampMs } = entry;
    const value = Buffer.concat([Buffer.from(owner, 'hex'), u64(amount), u64(height), u64(timestampMs)]);
    this.#put(NAMESPACE.unbonding, u64(index).toString('hex'), value);
  }

  #putBond(address: string): void {
    const record = this.#bonds.get(address);
    if (record === undefined) return;
    const { key, bond, entries } = record;
    if (bond === 0n && entries.length === 0) {
      this.#bonds.delete(address);
      this.#leaves?.delete(NAMESPACE.validators, address);
      return;
    }
    const list = Buffer.concat([uint(1, entries.length), ...entries.map((index) => u64(index))]);
    this.#put(NAMESPACE.validators, address, Buffer.concat([Buffer.from(key, 'hex'), u64(bond), list]));
  }

  #putTotals(): void {
    const bonded = this.#bonded();
    const value = Buffer.concat([
      uint(4, this.#count()),
      u64(bonded),
      u64(this.held() - bonded),
      u64(this.#first),
      u64(this.#end),
      uint(4, this.#changes.length),
      uint(4, this.#joined),
    ]);
    this.#put(NAMESPACE.system, ascii('stake-totals'), value);
  }
}

function changeId(number: number): string {
  return ascii('stake-change') + uint(4, number).toString('hex');
}

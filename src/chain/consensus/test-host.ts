/** Engines in tests: a clock that is turned by hand, and hosts that share blocks, each with its own head. */
import { assert } from '../../env/assert.ts';
import { compareBytes } from '../../env/bytes.ts';
import type { Clock } from '../../env/clock.ts';
import type { SignedItem } from '../../env/crypto.ts';
import type { Random } from '../../env/random.ts';
import type { Entry, KeyRange, WriteOp } from '../../env/storage.ts';
import { type Ms, ms, type UnixMs, unixMs } from '../../env/units.ts';
import { EMPTY_HISTORY, type HistoryRange, historyAppend, historyRoot } from '../crypto/history.ts';
import { assembleBlock } from '../execution/assemble-block.ts';
import type { ExecutionContext } from '../execution/context.ts';
import { executeBlock } from '../execution/execute-block.ts';
import { buildGenesis } from '../execution/genesis.ts';
import type { State } from '../state/state.ts';
import type { Block } from '../types/block.ts';
import type { DomainEvent } from '../types/event.ts';
import type { Genesis } from '../types/genesis.ts';
import { blockId } from '../types/header-codec.ts';
import type { HeadClaim } from '../types/message.ts';
import { type BlockRejection, isRejection } from '../types/rejection.ts';
import { type AccountAddress, type BlockHash, type PublicKey, signature } from '../types/units.ts';
import type {
  BlockPlan,
  Candidate,
  Consensus,
  ConsensusHost,
  Engine,
  Evidence,
  SealJob,
  SealSearch,
  SigningBytes,
} from './consensus.ts';

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly name: string;
  readonly run: () => void;
}

/** Timers fire in `advance`, in the order of their times and then of their setting. */
export class TestClock implements Clock {
  nowMs = 0;
  readonly wallStartMs: number;
  readonly #due = new Set<Due>();
  #orders = 0;

  constructor(wallStartMs: number) {
    this.wallStartMs = wallStartMs;
  }

  get pending(): readonly string[] {
    return [...this.#due].map((due) => due.name);
  }

  monotonicMs(): Ms {
    return ms(this.nowMs);
  }

  wallMs(): UnixMs {
    return unixMs(this.wallStartMs + this.nowMs);
  }

  setTimer(name: string, delayMs: Ms, run: () => void): { cancel(): void } {
    const due = { atMs: this.nowMs + delayMs, order: this.#orders++, name, run };
    this.#due.add(due);
    return { cancel: () => this.#due.delete(due) };
  }

  advance(byMs: number): void {
    const untilMs = this.nowMs + byMs;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#due.delete(next);
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = untilMs;
  }

  #next(untilMs: number): Due | undefined {
    let first: Due | undefined;
    for (const due of this.#due) {
      if (due.atMs > untilMs) continue;
      const isSooner =
        first === undefined || due.atMs < first.atMs || (due.atMs === first.atMs && due.order < first.order);
      if (isSooner) first = due;
    }
    return first;
  }
}

/** Repeatable, and good enough for tests: xorshift32. */
export function testRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state ^ (state << 13)) >>> 0;
    state = (state ^ (state >>> 17)) >>> 0;
    state = (state ^ (state << 5)) >>> 0;
    return state;
  };
  return {
    below: (n) => Math.floor((next() / 0x1_0000_0000) * n),
    bytes: (n) => Uint8Array.from({ length: n }, () => next() & 0xff),
  };
}

interface Known<View> extends Candidate {
  readonly block: Block;
  readonly view: View;
  readonly state: State;
  readonly history: HistoryRange;
}

/** One node without a network: blocks come by `receive`, own ones go to `onSubmit`. */
export class TestHost<View> implements ConsensusHost<View> {
  readonly clock: TestClock;
  readonly random: Random;
  readonly identity: PublicKey | undefined;
  readonly beneficiary: AccountAddress;
  readonly search: SealSearch;
  readonly context: ExecutionContext<View>;
  readonly records = new Map<string, Entry>();
  readonly submitted: Block[] = [];
  readonly searches: {
    readonly job: SealJob;
    readonly onFound: (seal: Uint8Array) => void;
    isOver: boolean;
  }[] = [];
  readonly signed: SigningBytes[] = [];
  /** What `record` waits for: run them to make the records durable. */
  readonly flushes: (() => void)[] = [];
  onSubmit: (block: Block) => void = () => {};
  isBuilding = true;
  engine: Engine;
  readonly #consensus: Consensus<View>;
  readonly #blocks = new Map<BlockHash, Known<View>>();
  #head: Known<View>;

  constructor(
    genesis: Genesis,
    consensus: Consensus<View>,
    options: {
      readonly clock: TestClock;
      readonly beneficiary: AccountAddress;
      readonly identity?: PublicKey;
      readonly search?: SealSearch;
      /** Of `random`; default 1. */
      readonly seed?: number;
    },
  ) {
    const { rules } = consensus;
    const built = buildGenesis(genesis, rules);
    assert(!isRejection(built), 'tests start from a valid genesis');
    this.context = { genesis, genesisId: built.id, schedule: [], rules };
    this.clock = options.clock;
    this.random = testRandom(options.seed ?? 1);
    this.identity = options.identity;
    this.beneficiary = options.beneficiary;
    this.search = options.search ?? ((job, onFound) => this.#search(job, onFound));
    const { block, id, state, view, weight } = built;
    this.#head = {
      id,
      header: block.header,
      weight,
      block,
      view,
      state,
      history: this.#after(EMPTY_HISTORY, id),
    };
    this.#blocks.set(id, this.#head);
    this.#consensus = consensus;
    this.engine = consensus.create(this);
  }

  /** A new boot with the same records and blocks. */
  restart(): void {
    this.flushes.length = 0;
    this.engine = this.#consensus.create(this);
    this.engine.onStart();
  }

  /** Executes the block on its parent; the engine hears of a better head. */
  receive(block: Block): BlockRejection | undefined {
    const { header } = block;
    const id = blockId(header);
    const parent = this.#blocks.get(header.parent);
    if (this.#blocks.has(id)) return undefined;
    if (parent === undefined) return { code: 'PARENT_UNKNOWN', parent: header.parent };
    const executed = executeBlock(this.context, parent.view, parent.state, block);
    if (isRejection(executed)) return executed;
    const { view, state } = executed;
    const weight = this.context.rules.weigh(parent.weight, view, header);
    const known = { id, header, weight, block, view, state, history: this.#after(parent.history, id) };
    this.#blocks.set(id, known);
    if (this.context.rules.compare(this.#head, known) === -1) {
      this.#head = known;
      this.engine.onHead(known);
    }
    return undefined;
  }

  /** All blocks of the main chain, genesis first. */
  chain(): readonly Block[] {
    const blocks: Block[] = [];
    for (let known: Known<View> | undefined = this.#head; known !== undefined; ) {
      blocks.push(known.block);
      known = this.#blocks.get(known.header.parent);
    }
    return blocks.reverse();
  }

  head(): Candidate {
    return this.#head;
  }

  view(id: BlockHash): View | undefined {
    return this.#blocks.get(id)?.view;
  }

  state(id: BlockHash): State | undefined {
    return this.#blocks.get(id)?.state;
  }

  certificate(_id: BlockHash): Uint8Array {
    return new Uint8Array(0);
  }

  build(plan: BlockPlan): Block | undefined {
    const parent = this.#blocks.get(plan.parent);
    if (parent === undefined || !this.isBuilding) return undefined;
    const { header, view, history, state } = parent;
    return assembleBlock(
      this.context,
      plan,
      { header, view, childHistoryRoot: historyRoot(history) },
      state,
      [],
    ).block;
  }

  submit(block: Block, _certificate?: Uint8Array): void {
    this.submitted.push(block);
    this.onSubmit(block);
  }

  sign(what: SigningBytes): ReturnType<typeof signature> {
    this.signed.push(what);
    return signature('5a'.repeat(64));
  }

  record(ops: readonly WriteOp[], then: () => void): void {
    for (const op of ops) {
      const text = op.key.join(' ');
      if (op.kind === 'delete') this.records.delete(text);
      else this.records.set(text, { key: op.key, value: op.value });
    }
    this.flushes.push(then);
  }

  flush(): void {
    for (const then of this.flushes.splice(0)) then();
  }

  read(range: KeyRange): readonly Entry[] {
    const { start, end } = range;
    return [...this.records.values()]
      .filter(({ key }) => compareBytes(start, key) <= 0 && (end === undefined || compareBytes(key, end) < 0))
      .sort((a, b) => compareBytes(a.key, b.key));
  }

  isVouched = true;
  restoredMs: UnixMs | undefined = undefined;
  verify(items: readonly SignedItem[], then: (valid: readonly boolean[]) => void): void {
    this.flushes.push(() => then(items.map(() => true)));
  }
  validate(_block: Block, _then: (rejection: BlockRejection | undefined) => void): void {}
  claim(_from: PublicKey, _head: HeadClaim): void {}
  fetch(_id: BlockHash, _from: PublicKey): void {}
  fault(_peer: PublicKey, _fault: string, _penalty: number): void {}
  evidence(_item: Evidence): void {}
  emit(_event: DomainEvent): void {}
  peers(): readonly PublicKey[] {
    return [];
  }
  send(_to: PublicKey, _body: Uint8Array): boolean {
    return false;
  }

  #after(history: HistoryRange, id: BlockHash): HistoryRange {
    return historyAppend(history, id);
  }

  #search(job: SealJob, onFound: (seal: Uint8Array) => void): () => void {
    const search = { job, onFound, isOver: false };
    this.searches.push(search);
    return () => {
      search.isOver = true;
    };
  }
}

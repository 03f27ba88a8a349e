/**
 * Walks the main chain up to the base: executes every block again, and holds every record that its step of the base wrote
 * against what the step gives.
 */
import { decodePlace } from '../../chain/blockstore/record-codecs.ts';
import {
  blockKey,
  certificateKey,
  headerKey,
  heightRange,
  PREFIX,
  readHeight,
} from '../../chain/blockstore/records.ts';
import { type Executed, entriesOf } from '../../chain/ledger/fold.ts';
import type { Block } from '../../chain/types/block.ts';
import { type BlockHash, height } from '../../chain/types/units.ts';
import type { WriteOp } from '../../env/storage.ts';
import type { CheckContext } from './check-context.ts';
import { DAMAGED, MISSING } from './findings.ts';
import { headerAt, type MainChain } from './main-chain.ts';
import type { StartPoint } from './start-points.ts';
import { verifyBlock } from './verify-block.ts';

type Put = Extract<WriteOp, { readonly kind: 'put' }>;

/** What the walk is told of the folder. */
export interface WalkPlan {
  readonly chain: MainChain;
  /** Height of the block of the snapshot that this chain began with; 0: genesis. */
  readonly origin: number;
  /** Bodies below may be gone by the folder's own setting. */
  readonly prunedBelow: number;
  /** Where to go on from beside genesis; asked when it is needed. */
  readonly startPoints: () => readonly StartPoint[];
}

/** What the walk found. */
export interface Walked {
  /** The base with its state, where it was executed again. */
  readonly base: Executed<unknown> | undefined;
  readonly executed: number;
  /** Of each height up to the base whether the entries of its transactions are known. */
  readonly isIndexed: (at: number) => boolean;
  /** Entries of those heights that are there, right or wrong, by the first byte of their keys. */
  readonly entries: ReadonlyMap<number, number>;
  /** Runs of heights that were executed again: the first and the last of each. */
  readonly runs: readonly (readonly [number, number])[];
}

/** From genesis, or where the chain of the folder begins, to the base. */
export async function walkMainChain(context: CheckContext, plan: WalkPlan): Promise<Walked> {
  const walk = new Walk(context, plan);
  return walk.run();
}

class Walk {
  readonly #context: CheckContext;
  readonly #plan: WalkPlan;
  readonly #lowestUndo: number;
  /** Of each height, from the base's upwards unset: 1 where its transactions are known. */
  readonly #indexed: Uint8Array;
  readonly #entries = new Map<number, number>();
  readonly #runs: [number, number][] = [];
  #points: readonly StartPoint[] | undefined;
  #executed = 0;

  constructor(context: CheckContext, plan: WalkPlan) {
    this.#context = context;
    this.#plan = plan;
    this.#indexed = new Uint8Array(plan.chain.base + 1);
    const [lowest] = context.storage.scan(heightRange(PREFIX.undo, 0, undefined), 1);
    // A journal that was cut grows again from where it was cut.
    this.#lowestUndo = lowest === undefined ? Number.POSITIVE_INFINITY : readHeight(lowest.key, 1);
  }

  async run(): Promise<Walked> {
    const { chain, origin } = this.#plan;
    const { genesis } = this.#context.parts;
    this.#genesis();
    let from: Executed<unknown> | undefined = genesis.executed;
    for (let at = Math.max(1, origin); at <= chain.base; at++) {
      from = this.#height(at, this.#from(at, from));
      await this.#context.step(`executing block ${at} of ${chain.base}`);
    }
    return {
      base: from,
      executed: this.#executed,
      isIndexed: (at) => this.#indexed[at] === 1,
      entries: this.#entries,
      runs: this.#runs,
    };
  }

  #genesis(): void {
    const { parts, storage, findings } = this.#context;
    const { genesis, batches } = parts;
    const states = new Set<number>([PREFIX.state]);
    const isBase = this.#plan.chain.base === 0;
    for (const batch of batches.genesis(genesis.executed, genesis.block)) {
      for (const op of batch.ops) {
        if (op.kind !== 'put' || states.has(op.key[0] ?? 0)) continue;
        // The base has moved on; of the others one stays for ever.
        if (op.key[0] === PREFIX.meta && op.key[1] === 1 && !isBase) continue;
        findings.expect(op, storage.get(op.key));
      }
    }
    this.#indexed[0] = 1;
  }

  /** The parent of that height with its state: as executed, or where execution can begin anew. */
  #from(at: number, from: Executed<unknown> | undefined): Executed<unknown> | undefined {
    if (from?.link.header.height === at - 1) return from;
    this.#points ??= this.#plan.startPoints();
    return this.#points.find(({ link }) => link.header.height === at - 1);
  }

  #height(at: number, from: Executed<unknown> | undefined): Executed<unknown> | undefined {
    const { parts, findings } = this.#context;
    const { chain, origin } = this.#plan;
    const id = chain.idAt(at);
    if (id === undefined) {
      findings.add(headerKey(at), `${MISSING}, and with it what block this is`, 'none');
      return undefined;
    }
    const block = this.#body(at, id);
    const certificate = this.#certificate(at, id);
    if (from === undefined || block === undefined || at === origin) {
      this.#unexecuted(at, id, block);
      // The state of a snapshot's own block is where the next begins from, when the snapshot is still here.
      return undefined;
    }
    const executed = this.#verify(from, block, id, certificate);
    if (typeof executed === 'string') {
      findings.add(blockKey(at, id), `executed again it is no block of this chain: ${executed}`, 'none');
      this.#unexecuted(at, id, block);
      return undefined;
    }
    this.#executed++;
    this.#noteRun(at);
    this.#indexed[at] = 1;
    for (const op of parts.batches.advance(from, executed).ops) this.#step(op, at);
    return executed;
  }

  #noteRun(at: number): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last[1] === at - 1) last[1] = at;
    else this.#runs.push([at, at]);
  }

  /** Undefined: it is not here, which is told where it has to be. */
  #body(at: number, id: BlockHash): Block | undefined {
    const { parts, findings } = this.#context;
    if (at <= this.#plan.origin) return undefined;
    const block = parts.store.block(at, id);
    if (block !== undefined && block !== 'corrupt') return block;
    if (block === 'corrupt') findings.add(blockKey(at, id), DAMAGED, 'node');
    else if (at >= this.#plan.prunedBelow) findings.add(blockKey(at, id), MISSING, 'node');
    return undefined;
  }

  /** Hexadecimal; '' where there is none. The next block carries it too. */
  #certificate(at: number, id: BlockHash): string {
    const { parts, findings } = this.#context;
    const { store, config, batches } = parts;
    const found = store.certificate(at, id);
    if (!config.rules.isCertified) {
      const key = certificateKey(at, id);
      if (found !== '') findings.add(key, 'blocks of this chain have none', [{ kind: 'delete', key }]);
      return '';
    }
    if (found !== '' && found !== 'corrupt') return found;
    const inChild = this.#inChild(at);
    const why = found === '' ? MISSING : DAMAGED;
    const ops = inChild === '' ? 'node' : [batches.certificate(at, id, inChild)];
    findings.add(certificateKey(at, id), why, ops);
    return inChild;
  }

  /** The certificate that the next block carries; '' where that block is not here. */
  #inChild(at: number): string {
    const { store } = this.#context.parts;
    const next = this.#plan.chain.idAt(at + 1);
    const child = next === undefined ? undefined : store.block(at + 1, next);
    return child === undefined || child === 'corrupt' ? '' : child.system.lastCommit;
  }

  /** Where the block is sound with the certificate that the next one carries, the stored one is what is wrong. */
  #verify(
    from: Executed<unknown>,
    block: Block,
    id: BlockHash,
    certificate: string,
  ): Executed<unknown> | string {
    const executed = verifyBlock(this.#context, from, block, id, certificate);
    if (typeof executed !== 'string' || certificate === '') return executed;
    const { height: at } = block.header;
    const inChild = this.#inChild(at);
    const again = inChild === '' ? executed : verifyBlock(this.#context, from, block, id, inChild);
    if (typeof again === 'string') return executed;
    const { batches } = this.#context.parts;
    const what = 'it certifies nothing: its signatures are not those of the validators';
    this.#context.findings.add(certificateKey(at, id), what, [batches.certificate(at, id, inChild)]);
    return again;
  }

  /** A record that the step of the base to that height wrote. */
  #step(op: WriteOp, at: number): void {
    if (op.kind !== 'put') return;
    const { base } = this.#plan.chain;
    switch (op.key[0]) {
      case PREFIX.state:
        return;
      case PREFIX.meta:
        if (at === base) this.#expect(op);
        return;
      case PREFIX.undo:
        if (at > base - this.#context.parts.config.undoDepth && at >= this.#lowestUndo) this.#expect(op);
        return;
      case PREFIX.transaction:
        this.#transaction(op);
        return;
      default:
        this.#expect(op);
    }
  }

  #expect(op: Put): void {
    const found = this.#context.storage.get(op.key);
    this.#count(op.key, found);
    this.#context.findings.expect(op, found);
  }

  /** An entry that was written anew without executing its block has no receipt: a repair gives it one. */
  #transaction(op: Put): void {
    const { storage, findings, parts } = this.#context;
    const found = storage.get(op.key);
    this.#count(op.key, found);
    const payload = found === undefined ? undefined : parts.store.check(op.key, found);
    const place = payload === undefined || payload === 'corrupt' ? undefined : decodePlace(payload);
    if (place?.receipt.length === 0 && !findings.has(op.key))
      findings.add(op.key, 'its receipt is missing', [op]);
    else findings.expect(op, found);
  }

  #count(key: Uint8Array, found: Uint8Array | undefined): void {
    const kind = key[0] ?? 0;
    if (found !== undefined) this.#entries.set(kind, (this.#entries.get(kind) ?? 0) + 1);
  }

  /** What the records of a height say without its execution. */
  #unexecuted(at: number, id: BlockHash, block: Block | undefined): void {
    const { parts, findings } = this.#context;
    const { batches } = parts;
    const header = block?.header ?? headerAt(this.#context, at, id);
    if (header === undefined) findings.add(headerKey(at), MISSING, 'node');
    else this.#expect(putOf(batches.headerOp(header)));
    this.#expect(putOf(batches.heightOp(id, height(at))));
    if (block === undefined) return;
    this.#indexed[at] = 1;
    for (const op of batches.indexOps(height(at), entriesOf(block, []))) {
      if (op.key[0] === PREFIX.transaction) this.#place(putOf(op));
      else this.#expect(putOf(op));
    }
  }

  /** Its receipt is not known here. */
  #place(op: Put): void {
    const found = this.#context.storage.get(op.key);
    this.#count(op.key, found);
    const payload = found === undefined ? undefined : this.#context.parts.store.check(op.key, found);
    const [place, given] = [payload, this.#context.parts.store.check(op.key, op.value)].map((bytes) =>
      bytes === undefined || bytes === 'corrupt' ? undefined : decodePlace(bytes),
    );
    if (place !== undefined && place.height === given?.height && place.index === given.index) return;
    const what = payload === undefined ? MISSING : payload === 'corrupt' ? DAMAGED : WRONG;
    this.#context.findings.add(op.key, what, [op]);
  }
}

const WRONG = 'it is not what its block gives';

function putOf(op: WriteOp): Put {
  if (op.kind === 'put') return op;
  throw new Error('headers and heights are put');
}

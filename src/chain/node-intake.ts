/** Block intake: bodies wait here, in order, for the check of their signatures and for their parents. */
import { hexToBytes } from '../env/bytes.ts';
import type { SignedItem } from '../env/crypto.ts';
import type { Env } from '../env/program.ts';
import type { ConsensusRules } from './consensus/consensus.ts';
import { signedItemOf } from './execution/signed-item.ts';
import type { ImportOutcome, Ledger, LedgerRejection } from './ledger/ledger.ts';
import type { NodeLimits } from './node-config.ts';
import type { Peer } from './peers/peer.ts';
import type { RecentSet } from './peers/recent-set.ts';
import type { SealCheck } from './peers/seal-check.ts';
import type { Block } from './types/block.ts';
import type { ChainWorld } from './types/command.ts';
import { blockId } from './types/header-codec.ts';
import type { BlockRejection } from './types/rejection.ts';
import { transactionId } from './types/transaction-codec.ts';
import type { BlockHash, TxId } from './types/units.ts';
import { signatureName, type VerifiedSignatures } from './verified-signatures.ts';

/** A body on its way into the ledger. */
export interface IntakeItem {
  readonly id: BlockHash;
  readonly block: Block;
  readonly certificate: string;
  /** Undefined: built or decided here. */
  readonly from: Peer | undefined;
}

/** What the intake needs of the node. */
export interface IntakePorts {
  readonly env: Env<ChainWorld>;
  readonly limits: NodeLimits;
  readonly ledger: Ledger<unknown>;
  readonly seals: SealCheck;
  readonly rules: Pick<ConsensusRules<unknown>, 'isCertified' | 'systemItems'>;
  readonly signatures: VerifiedSignatures;
  /** Ids of transactions whose signature is known to be valid: an id covers the signature. */
  readonly verified: RecentSet<TxId>;
  isInMempool(id: TxId): boolean;
  /** `undefined`: dropped for want of room. `orphan`: kept until its parent is executed. */
  onOutcome(item: IntakeItem, outcome: ImportOutcome | undefined): void;
}

interface Entry extends IntakeItem {
  state: 'verifying' | 'ready';
  /** The first transaction with a wrong signature, or SEAL; -1: none. */
  badIndex: number;
  /** What is wrong with the signatures of certificate, last commit and evidence; `unchecked` until the parent is executed. */
  system: 'unchecked' | SystemVerdict;
}

type SystemVerdict = 'good' | 'badBlock' | 'badCertificate';

/** In place of the index of a transaction: the signatures of the header's seal. */
const SEAL = 0xffff_ffff;
/** Refused bodies remembered, so that what they brought along does not wait for them: as many as may wait. */
const REFUSED_MAX = 128;
const NO_CERTIFICATE = new Uint8Array(0);

/** Imports blocks in the order in which they came, one after another, each after its signatures. */
export class BlockIntake {
  readonly #ports: IntakePorts;
  /** The order of import. */
  readonly #queue: Entry[] = [];
  readonly #waiting = new Map<BlockHash, IntakeItem>();
  /** Waiting for the block of the key. */
  readonly #orphans = new Map<BlockHash, IntakeItem[]>();
  #orphanCount = 0;
  /** Of certified chains: bodies that were refused, and those on them, until they come again. */
  readonly #refused = new Set<BlockHash>();
  #isDraining = false;
  #isStopped = false;

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** Bodies that wait for their parents. */
  get orphanCount(): number {
    return this.#orphanCount;
  }

  /** A body that is here and not executed. */
  waiting(id: BlockHash): Block | undefined {
    return this.#waiting.get(id)?.block;
  }

  /** Takes a body. The outcome may be told before this returns. */
  submit(block: Block, certificate: string, from: Peer | undefined): void {
    const id = blockId(block.header);
    if (this.#isStopped || this.#waiting.has(id)) return;
    const item: IntakeItem = { id, block, certificate, from };
    if (this.#queue.length >= this.#ports.limits.verifyingBlocksMax && from !== undefined) {
      this.#ports.onOutcome(item, undefined);
      return;
    }
    this.#waiting.set(id, item);
    this.#refused.delete(id);
    this.#enqueue(item);
  }

  /**
   * Checks the signatures of a block that is not to be imported, and is not decided; `then` runs as a later event.
   * PARENT_UNKNOWN when the parent is not executed yet: then nobody knows whose signatures they are.
   */
  verify(block: Block, then: (rejection: BlockRejection | undefined) => void): void {
    const { items, indexes } = this.#unverified(block);
    const { parent } = block.header;
    const view = this.#ports.ledger.view(parent);
    const systemItems = view === undefined ? [] : this.#ports.rules.systemItems(view, block, NO_CERTIFICATE);
    let isSystemGood = this.#ports.signatures.areKnown(systemItems);
    let open = isSystemGood ? 1 : 2;
    let bad = -1;
    const end = (): void => {
      open--;
      if (open > 0) return;
      if (bad >= 0) then(badSignature(block, bad));
      else if (view === undefined) then({ code: 'PARENT_UNKNOWN', parent });
      else then(isSystemGood ? undefined : BAD_SYSTEM);
    };
    if (!isSystemGood) {
      this.#ports.signatures.verify(systemItems, (valid) => {
        isSystemGood = !valid.includes(false);
        end();
      });
    }
    this.#ports.env.crypto.verify(items, (valid) => {
      bad = this.#remember(block, indexes, valid);
      end();
    });
  }

  /** That block came to its end, here or in the ledger: those that waited for it are tried again. */
  releaseChildren(parent: BlockHash): void {
    const children = this.#orphans.get(parent);
    if (children === undefined) return;
    this.#orphans.delete(parent);
    this.#orphanCount -= children.length;
    for (const child of children) this.#enqueue(child);
  }

  stop(): void {
    this.#isStopped = true;
    this.#queue.length = 0;
    this.#waiting.clear();
    this.#orphans.clear();
    this.#refused.clear();
    this.#orphanCount = 0;
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    const { limits, verified } = this.#ports;
    return [
      // A released orphan or an own block may pass the bound: both come one at a time.
      { name: 'intake.queue', size: this.#queue.length, max: limits.verifyingBlocksMax + limits.orphansMax },
      { name: 'intake.orphans', size: this.#orphanCount, max: limits.orphansMax },
      { name: 'intake.refused', size: this.#refused.size, max: REFUSED_MAX },
      { name: 'intake.verifiedIds', size: verified.size, max: verified.max },
    ];
  }

  #enqueue(item: IntakeItem): void {
    const { items, indexes } = this.#unverified(item.block);
    if (item.from !== undefined) {
      for (const seal of this.#ports.seals.itemsOf(item.block.header)) {
        items.push(seal);
        indexes.push(SEAL);
      }
    }
    const state = items.length === 0 ? 'ready' : 'verifying';
    const entry: Entry = { ...item, state, badIndex: -1, system: 'unchecked' };
    this.#queue.push(entry);
    if (items.length > 0) {
      this.#ports.env.crypto.verify(items, (valid) => {
        entry.badIndex = this.#remember(item.block, indexes, valid);
        entry.state = 'ready';
        this.#drain();
      });
    } else this.#drain();
  }

  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (let entry = this.#queue[0]; entry?.state === 'ready'; entry = this.#queue[0]) {
      if (this.#mustCheckSystem(entry)) break;
      this.#queue.shift();
      this.#import(entry);
    }
    this.#isDraining = false;
  }

  /** True while the signatures that only the executed parent's view can name are being checked. */
  #mustCheckSystem(entry: Entry): boolean {
    if (entry.system !== 'unchecked' || entry.badIndex === SEAL) return false;
    const { block, certificate } = entry;
    const view = this.#ports.ledger.view(block.header.parent);
    if (view === undefined) return false;
    const { rules, signatures } = this.#ports;
    const items = rules.systemItems(view, block, hexToBytes(certificate) ?? NO_CERTIFICATE);
    if (signatures.areKnown(items)) {
      entry.system = 'good';
      return false;
    }
    entry.state = 'verifying';
    signatures.verify(items, (valid) => {
      const inBlock = new Set(rules.systemItems(view, block, NO_CERTIFICATE).map(signatureName));
      const bad = items.filter((_, i) => valid[i] !== true);
      const isOfBlock = bad.every((item) => inBlock.has(signatureName(item)));
      entry.system = bad.length === 0 ? 'good' : isOfBlock ? 'badBlock' : 'badCertificate';
      entry.state = 'ready';
      this.#drain();
    });
    return true;
  }

  #import(entry: Entry): void {
    if (entry.badIndex === SEAL) {
      const why = { code: 'BAD_SEAL', fact: 'signature' } as const;
      this.#finish(entry, { kind: 'rejected', why, covered: false });
      return;
    }
    if (entry.system === 'badCertificate') {
      const why = { code: 'BAD_CERTIFICATE', fact: 'signature' } as const;
      this.#finish(entry, { kind: 'rejected', why, covered: false });
      return;
    }
    const wrong = wrongSignature(entry);
    if (wrong !== undefined) {
      this.#finish(entry, this.#ports.ledger.markInvalid(entry.block, entry.certificate, wrong));
      return;
    }
    const outcome = this.#ports.ledger.importBlock(entry.block, entry.certificate);
    if (outcome.kind === 'orphan') this.#keepOrphan(entry, outcome);
    else this.#finish(entry, outcome);
  }

  #finish(item: IntakeItem, outcome: ImportOutcome | undefined): void {
    this.#waiting.delete(item.id);
    if (outcome?.kind === 'rejected') this.#refuse(item.id);
    this.#ports.onOutcome(item, outcome);
    this.releaseChildren(item.id);
  }

  /** A decided block has one parent: what stands on a body that was no decided block is fetched anew with the right one. */
  #refuse(id: BlockHash): void {
    if (!this.#ports.rules.isCertified) return;
    const [oldest] = this.#refused;
    if (this.#refused.size >= REFUSED_MAX && oldest !== undefined) this.#refused.delete(oldest);
    this.#refused.add(id);
  }

  #keepOrphan(item: IntakeItem, outcome: ImportOutcome): void {
    if (this.#refused.has(item.block.header.parent)) {
      this.#refuse(item.id);
      this.#finish(item, undefined);
      return;
    }
    while (this.#orphanCount >= this.#ports.limits.orphansMax) this.#dropOldestOrphans();
    const { parent } = item.block.header;
    const siblings = this.#orphans.get(parent);
    if (siblings === undefined) this.#orphans.set(parent, [item]);
    else siblings.push(item);
    this.#orphanCount++;
    this.#ports.onOutcome(item, outcome);
  }

  #dropOldestOrphans(): void {
    for (const [parent, items] of this.#orphans) {
      this.#orphans.delete(parent);
      this.#orphanCount -= items.length;
      for (const item of items) this.#finish(item, undefined);
      return;
    }
  }

  #unverified(block: Block): { readonly items: SignedItem[]; readonly indexes: number[] } {
    const items: SignedItem[] = [];
    const indexes: number[] = [];
    const { crypto } = this.#ports.env;
    const sha256 = (bytes: Uint8Array): Uint8Array => crypto.sha256(bytes);
    for (let i = 0; i < block.transactions.length; i++) {
      const transaction = block.transactions[i];
      if (transaction === undefined) continue;
      const id = transactionId(transaction, sha256);
      if (this.#ports.verified.has(id) || this.#ports.isInMempool(id)) continue;
      items.push(signedItemOf(transaction));
      indexes.push(i);
    }
    return { items, indexes };
  }

  /** Keeps what is valid; answers the index of the first that is not, or -1. */
  #remember(block: Block, indexes: readonly number[], valid: readonly boolean[]): number {
    let bad = -1;
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i] as number;
      const transaction = block.transactions[index];
      if (valid[i] === true && transaction !== undefined)
        this.#ports.verified.add(transactionId(transaction));
      if (valid[i] !== true && (bad < 0 || index === SEAL)) bad = index;
    }
    if (bad !== SEAL && indexes.includes(SEAL)) this.#ports.seals.remember(block.header);
    return bad;
  }
}

const BAD_SYSTEM: BlockRejection = { code: 'SYSTEM_DATA_INVALID', fact: 'signature' };

/** What the id of the block covers. */
function wrongSignature({ block, badIndex, system }: Entry): LedgerRejection | undefined {
  if (badIndex >= 0) return badSignature(block, badIndex);
  return system === 'badBlock' ? BAD_SYSTEM : undefined;
}

function badSignature(block: Block, index: number): BlockRejection {
  const transaction = block.transactions[index];
  if (transaction === undefined) return { code: 'TRANSACTION_COUNT_MISMATCH', stated: index, counted: index };
  return {
    code: 'INVALID_TRANSACTION',
    index,
    id: transactionId(transaction),
    why: { code: 'BAD_SIGNATURE' },
  };
}

/** Engine host: what a consensus engine may ask of its node, and the discipline record, then, send. */
import { bytesToHex, concatBytes, hexToBytes } from '../env/bytes.ts';
import type { SignedItem } from '../env/crypto.ts';
import type { Env } from '../env/program.ts';
import type { Entry, KeyRange, StorageFault, WriteOp } from '../env/storage.ts';
import type { KeyId, UnixMs } from '../env/units.ts';
import { openRecord, PREFIX, sealRecord } from './blockstore/records.ts';
import { readRestored } from './blockstore/restored.ts';
import type {
  BlockPlan,
  Candidate,
  Consensus,
  ConsensusHost,
  Engine,
  Evidence,
  PeerVerdict,
  SigningBytes,
} from './consensus/consensus.ts';
import { taggedBytes } from './crypto/sha256.ts';
import { TAG } from './crypto/tags.ts';
import type { Ledger, LedgerRejection } from './ledger/ledger.ts';
import type { Search } from './node-config.ts';
import type { BlockIntake } from './node-intake.ts';
import type { PeerNetwork } from './peers/peer-network.ts';
import type { Block } from './types/block.ts';
import type { ChainWorld } from './types/command.ts';
import type { ConsensusMessage, HeadClaim } from './types/message.ts';
import type { BlockRejection } from './types/rejection.ts';
import type { Transaction } from './types/transaction.ts';
import {
  type AccountAddress,
  type BlockHash,
  type PeerId,
  type PublicKey,
  signature,
} from './types/units.ts';
import type { VerifiedSignatures } from './verified-signatures.ts';

/** Records read at once: an engine keeps a few for each height that is not final. */
const ENGINE_READ_MAX = 65_536;
/** Blocks built here that may still come back sealed or decided. */
const BUILT_MAX = 8;

const SIGN_TAG = { seal: TAG.signSeal, vote: TAG.signVote, proposal: TAG.signProposal } as const;

/** What the engine part needs of the node. */
export interface EnginePorts {
  readonly env: Env<ChainWorld>;
  readonly identity: KeyId;
  readonly publicKey: PublicKey;
  readonly isVouched: boolean;
  readonly beneficiary: AccountAddress;
  readonly search: Search;
  readonly ledger: Ledger<unknown>;
  readonly signatures: VerifiedSignatures;
  readonly intake: () => BlockIntake;
  readonly network: () => PeerNetwork;
  /** Transactions for a block, the best first. */
  candidates(): Iterable<Transaction>;
  fetch(id: BlockHash, from: PeerId): void;
  claim(from: PeerId, head: HeadClaim): void;
  onStorageFault(fault: StorageFault): void;
}

/** Bytes of consensus messages, hexadecimal text being only their wire form. Equal text, equal bytes. */
const bodies = new WeakMap<ConsensusMessage, Uint8Array>();

/** The body of an engine's message: the same bytes for the same message, wherever it comes. */
export function bodyOf(message: ConsensusMessage): Uint8Array {
  const known = bodies.get(message);
  if (known !== undefined) return known;
  const body = hexToBytes(message.body) ?? new Uint8Array(0);
  bodies.set(message, body);
  return body;
}

/** The engine of one node. Never runs inside itself: what it causes waits until it returns. */
export class EngineRunner implements ConsensusHost<unknown> {
  readonly clock: Env<ChainWorld>['clock'];
  readonly random: Env<ChainWorld>['random'];
  readonly search: Search;
  readonly identity: PublicKey;
  readonly isVouched: boolean;
  readonly restoredMs: UnixMs | undefined;
  readonly beneficiary: AccountAddress;
  readonly #ports: EnginePorts;
  readonly #name: string;
  readonly #engine: Engine;
  readonly #queue: (() => void)[] = [];
  readonly #built: Block[] = [];
  #isRunning = false;
  #isStarted = false;
  #isStopped = false;
  #sent: ConsensusMessage | undefined;
  #sentBody: Uint8Array | undefined;

  constructor(ports: EnginePorts, consensus: Consensus) {
    this.#ports = ports;
    this.clock = {
      monotonicMs: () => ports.env.clock.monotonicMs(),
      wallMs: () => ports.env.clock.wallMs(),
      setTimer: (name, delayMs, run) => ports.env.clock.setTimer(name, delayMs, () => this.#run(run)),
    };
    this.random = ports.env.random;
    this.search = (job, onFound) => ports.search(job, (seal) => this.#run(() => onFound(seal)));
    this.identity = ports.publicKey;
    this.isVouched = ports.isVouched;
    this.restoredMs = readRestored(ports.env);
    this.beneficiary = ports.beneficiary;
    this.#name = consensus.rules.name;
    this.#engine = consensus.create(this);
  }

  start(): void {
    this.#isStarted = true;
    this.#run(() => this.#engine.onStart());
  }

  stop(): void {
    if (this.#isStarted) this.#run(() => this.#engine.onStop());
    this.#isStopped = true;
  }

  status(): ReturnType<Engine['status']> {
    return this.#engine.status();
  }

  heightOf(peer: PeerId): ReturnType<NonNullable<Engine['heightOf']>> {
    return this.#engine.heightOf?.(peer);
  }

  bounds(): ReturnType<Engine['bounds']> {
    return this.#engine.bounds();
  }

  onHead(head: Candidate): void {
    this.#run(() => this.#engine.onHead(head));
  }

  onMempool(): void {
    this.#run(() => this.#engine.onMempool());
  }

  /** @param reply as `Engine.onProposal` says. */
  onProposal(body: string, reply: (refused: string | undefined) => void): void {
    const bytes = hexToBytes(body);
    if (bytes === undefined) reply('lower-case hexadecimal text was expected');
    else if (!this.#isStarted || this.#isStopped) reply('the engine of this node does not run');
    else this.#run(() => this.#engine.onProposal(bytes, reply));
  }

  onPeerUp(peer: PeerId): void {
    this.#run(() => this.#engine.onPeerUp(peer));
  }

  onPeerDown(peer: PeerId): void {
    this.#run(() => this.#engine.onPeerDown(peer));
  }

  onMessage(from: PeerId, message: ConsensusMessage): PeerVerdict {
    let verdict: PeerVerdict = { kind: 'ok' };
    this.#run(() => {
      verdict = this.#engine.onMessage(from, bodyOf(message));
    });
    return verdict;
  }

  /** A body that the engine asked for, and that has no certificate. */
  onBlock(from: PeerId, block: Block): void {
    this.#run(() => this.#engine.onBlock(from, block));
  }

  /** A block that the engine has and that is not decided. */
  blockOf(id: BlockHash): Block | undefined {
    return this.#engine.blockOf(id);
  }

  /** True once for a block that was built here and came back with its seal. */
  takeBuilt(block: Block): boolean {
    const at = this.#built.findIndex((built) => isSealedForm(built, block));
    if (at >= 0) this.#built.splice(at, 1);
    return at >= 0;
  }

  head(): Candidate {
    return this.#ports.ledger.head();
  }

  view(id: BlockHash): unknown {
    return this.#ports.ledger.view(id);
  }

  state(id: BlockHash): ReturnType<Ledger<unknown>['state']> {
    return this.#ports.ledger.state(id);
  }

  certificate(id: BlockHash): Uint8Array {
    return hexToBytes(this.#ports.ledger.certificate(id)) ?? new Uint8Array(0);
  }

  build(plan: BlockPlan): Block | undefined {
    const block = this.#ports.ledger.assemble(plan, this.#ports.candidates());
    if (block === undefined) return undefined;
    if (this.#built.length >= BUILT_MAX) this.#built.shift();
    this.#built.push(block);
    return block;
  }

  validate(block: Block, then: (rejection: BlockRejection | undefined) => void): void {
    this.#ports.intake().verify(block, (bad) => {
      const why = bad ?? this.#ports.ledger.validate(block);
      this.#run(() => then(why === undefined ? undefined : asBlockRejection(why)));
    });
  }

  verify(items: readonly SignedItem[], then: (valid: readonly boolean[]) => void): void {
    this.#ports.signatures.verify(items, (valid) => this.#run(() => then(valid)));
  }

  submit(block: Block, certificate?: Uint8Array): void {
    const text = certificate === undefined ? '' : bytesToHex(certificate);
    this.#later(() => this.#ports.intake().submit(block, text, undefined));
  }

  sign(what: SigningBytes): ReturnType<typeof signature> {
    const bytes = taggedBytes(SIGN_TAG[what.tag], what.bytes);
    return signature(bytesToHex(this.#ports.env.crypto.sign(this.#ports.identity, bytes)));
  }

  record(ops: readonly WriteOp[], then: () => void): void {
    const { storage, crypto } = this.#ports.env;
    storage.write(
      ops.map((op) => {
        const key = ownKey(op.key);
        if (op.kind === 'delete') return { kind: 'delete', key };
        return { kind: 'put', key, value: sealRecord((b) => crypto.sha256(b), key, op.value) };
      }),
    );
    storage.flush((fault) => {
      if (fault !== undefined) this.#ports.onStorageFault(fault);
      else this.#run(then);
    });
  }

  read(range: KeyRange): readonly Entry[] {
    const { storage, crypto } = this.#ports.env;
    const end = range.end === undefined ? Uint8Array.of(PREFIX.engine + 1) : ownKey(range.end);
    const entries: Entry[] = [];
    for (const { key, value } of storage.scan({ start: ownKey(range.start), end }, ENGINE_READ_MAX)) {
      const payload = openRecord((b) => crypto.sha256(b), key, value);
      if (payload === 'corrupt')
        this.emit({ kind: 'CorruptionDetected', key: bytesToHex(key), record: 'engine' });
      entries.push({ key: key.subarray(1), value: payload === 'corrupt' ? new Uint8Array(0) : payload });
    }
    return entries;
  }

  peers(): readonly PeerId[] {
    return this.#ports.network().peers.map((peer) => peer.id);
  }

  send(to: PeerId, body: Uint8Array): boolean {
    const network = this.#ports.network();
    const peer = network.peer(to);
    if (peer === undefined) return false;
    if (this.#sent === undefined || this.#sentBody !== body) {
      this.#sent = { kind: 'Consensus', body: bytesToHex(body) };
      this.#sentBody = body;
      bodies.set(this.#sent, body);
    }
    return network.send(peer, this.#sent);
  }

  fetch(id: BlockHash, from: PeerId): void {
    this.#later(() => this.#ports.fetch(id, from));
  }

  claim(from: PeerId, head: HeadClaim): void {
    this.#later(() => this.#ports.claim(from, head));
  }

  fault(id: PeerId, _fault: string, penalty: number): void {
    this.#later(() => {
      const peer = this.#ports.network().peer(id);
      if (peer !== undefined) this.#ports.network().fault(peer, 'ENGINE', penalty);
    });
  }

  evidence(_item: Evidence): void {
    this.emit({ kind: 'Engine', engine: this.#name, what: 'evidence', height: this.head().header.height });
  }

  emit(event: Parameters<Env<ChainWorld>['emit']>[0]): void {
    this.#ports.env.emit(event);
  }

  /** Runs engine code now, or, when engine code is running, after it and what it has caused before. */
  #run(handler: () => void): void {
    if (this.#isStopped) return;
    this.#queue.push(handler);
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
    this.#isRunning = false;
  }

  /** Runs node code that may come back to the engine, after the engine has returned. */
  #later(action: () => void): void {
    if (this.#isRunning) this.#queue.push(action);
    else action();
  }
}

/** Keys of the engine start with its own byte on disk. */
function ownKey(key: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(PREFIX.engine), key);
}

function isSealedForm(built: Block, sealed: Block): boolean {
  const a = built.header;
  const b = sealed.header;
  return (
    a.parent === b.parent &&
    a.timestampMs === b.timestampMs &&
    a.beneficiary === b.beneficiary &&
    a.transactionsRoot === b.transactionsRoot &&
    a.stateRoot === b.stateRoot
  );
}

/** What an engine is told of a refusal: the header's reasons as INVALID_HEADER, those of this node alone as a fact. */
function asBlockRejection(why: LedgerRejection): BlockRejection {
  switch (why.code) {
    case 'NEEDS_EXECUTION':
    case 'UPGRADE_REQUIRED':
    case 'WRONG_VERSION':
    case 'WRONG_HEIGHT':
    case 'TIMESTAMP_TOO_EARLY':
    case 'BAD_CONSENSUS_FIELD':
    case 'WRONG_TARGET':
    case 'BAD_SEAL':
    case 'WRONG_PRODUCER':
    case 'FIELD_TOO_LARGE':
    case 'HISTORY_ROOT_MISMATCH':
    case 'MESSAGES_ROOT_NOT_ZERO':
      return { code: 'INVALID_HEADER', why };
    case 'BAD_CERTIFICATE':
    case 'CONFLICTS_WITH_FINAL':
    case 'TREE_FULL':
      return { code: 'SYSTEM_DATA_INVALID', fact: why.code };
    default:
      return why;
  }
}

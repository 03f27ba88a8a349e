/** One running node: its parts, the routes of messages between them, and what follows from an import. */
import { assertNever } from '../env/assert.ts';
import { bytesToHex } from '../env/bytes.ts';
import type { ConnectionInfo, DecodeRejection, DialFailure, DisconnectReason } from '../env/network.ts';
import type { Env } from '../env/program.ts';
import type { Address, ConnectionId } from '../env/units.ts';
import type { Candidate } from './consensus/consensus.ts';
import type { HeadChange, ImportOutcome, Ledger, LedgerHalt } from './ledger/ledger.ts';
import { createBootstrap, type Installing, isOfChain } from './node-bootstrap.ts';
import { answerQuery } from './node-commands.ts';
import {
  DEFAULT_FEATURES,
  DEFAULT_LIMITS,
  type NodeConfig,
  type NodeFeatures,
  type NodeLimits,
} from './node-config.ts';
import { EngineRunner } from './node-engine.ts';
import { snapshotOf } from './node-inspect.ts';
import { BlockIntake, type IntakeItem } from './node-intake.ts';
import { TransactionPool } from './node-pool.ts';
import { BlockRelay } from './peers/block-relay.ts';
import { GOSSIP_REQUEST_ID } from './peers/block-request.ts';
import { BlockServer } from './peers/block-server.ts';
import type { PeerFault } from './peers/fault.ts';
import type { Peer } from './peers/peer.ts';
import { PeerNetwork } from './peers/peer-network.ts';
import { SealCheck } from './peers/seal-check.ts';
import { TransactionRelay } from './peers/transaction-relay.ts';
import type { SnapshotFetch } from './snapshot/snapshot-fetch.ts';
import { Sync } from './sync/sync.ts';
import { serveSync } from './sync/sync-server.ts';
import type { Block } from './types/block.ts';
import type { Answer, ChainWorld, Command, NodeSnapshot } from './types/command.ts';
import type { DomainEvent } from './types/event.ts';
import { blockId } from './types/header-codec.ts';
import type { HeadClaim, Message } from './types/message.ts';
import { transactionId } from './types/transaction-codec.ts';
import { type BlockHash, type PublicKey, publicKey } from './types/units.ts';
import { VerifiedSignatures } from './verified-signatures.ts';

type HaltCode = Extract<DomainEvent, { kind: 'NodeHalted' }>['code'];

/** The parts of one node, wired. Built when its ledger is open. */
export class NodeCore {
  readonly #env: Env<ChainWorld>;
  readonly #config: NodeConfig;
  readonly #features: NodeFeatures;
  readonly #limits: NodeLimits;
  readonly #ledger: Ledger<unknown>;
  readonly #key: PublicKey;
  readonly #network: PeerNetwork;
  readonly #common: Common;
  readonly #seals: SealCheck;
  readonly #signatures: VerifiedSignatures;
  readonly #pool: TransactionPool;
  readonly #intake: BlockIntake;
  readonly #transactions: TransactionRelay | undefined;
  readonly #blocks: BlockRelay;
  readonly #blockServer: BlockServer;
  readonly #sync: Sync;
  readonly #engine: EngineRunner;
  /** While an empty node waits for the snapshot that it is to begin with: nothing else runs but its peers. */
  readonly #fetch: SnapshotFetch | undefined;
  #head: HeadClaim;
  #halted: HaltCode | undefined;
  #isStopped = false;

  constructor(env: Env<ChainWorld>, config: NodeConfig, ledger: Ledger<unknown>, installing: Installing) {
    this.#env = env;
    this.#config = config;
    this.#features = { ...DEFAULT_FEATURES, ...config.features };
    this.#limits = { ...DEFAULT_LIMITS, ...config.limits };
    this.#ledger = ledger;
    this.#key = publicKey(bytesToHex(env.crypto.publicKey(config.identity)));
    this.#head = claimOf(ledger.head());
    this.#seals = new SealCheck((header) => config.consensus.rules.sealItems(header));
    this.#signatures = new VerifiedSignatures(env.crypto);
    this.#network = this.#createNetwork();
    this.#common = this.#createCommon();
    this.#pool = this.#createPool();
    this.#intake = new BlockIntake({
      ...this.#common,
      rules: config.consensus.rules,
      signatures: this.#signatures,
      verified: this.#pool.verified,
      isInMempool: (id) => this.#pool.get(id) !== undefined,
      onOutcome: (item, outcome) => this.#onOutcome(item, outcome),
    });
    this.#transactions = this.#features.transactionGossip ? this.#createTransactionRelay() : undefined;
    this.#blocks = this.#createBlockRelay();
    this.#blockServer = new BlockServer({
      ...this.#common,
      waiting: (id) => this.#intake.waiting(id),
      undecided: (id) => this.#engine.blockOf(id),
    });
    this.#sync = new Sync({
      ...this.#common,
      compareWeight: (claim, own) => config.consensus.rules.compareWeight(claim, own),
      peer: (id) => this.#network.peer(id),
      isRequested: (id) => this.#blocks.isRequested(id),
      isWaiting: (id) => this.#intake.waiting(id) !== undefined,
      onBody: (block, certificate, from) => this.#intake.submit(block, certificate, from),
      orphanCount: () => this.#intake.orphanCount,
      onFinished: () => this.#tellHead(),
    });
    this.#engine = this.#createEngine();
    this.#fetch = createBootstrap({
      ...this.#common,
      config,
      peer: (id) => this.#network.peer(id),
      halt: (code, fact) => this.halt(code, fact),
      isStopped: () => this.#isStopped,
      ...installing,
    });
  }

  start(): void {
    this.#network.start();
    if (this.#fetch === undefined) this.#engine.start();
    else this.#fetch.start();
  }

  onConnected(c: ConnectionId, info: ConnectionInfo): void {
    this.#network.onConnected(c, info);
  }

  onDialFailed(address: Address, reason: DialFailure): void {
    this.#network.onDialFailed(address, reason);
  }

  onMessage(from: ConnectionId, message: Message): void {
    const peer = this.#network.onMessage(from, message);
    if (peer !== undefined) this.#route(peer, message);
  }

  onMalformed(from: ConnectionId, reason: DecodeRejection): void {
    this.#network.onMalformed(from, reason);
  }

  onWritable(c: ConnectionId): void {
    this.#network.onWritable(c);
  }

  onDisconnected(c: ConnectionId, reason: DisconnectReason): void {
    this.#network.onDisconnected(c, reason);
  }

  onCommand(command: Command, reply: (answer: Answer) => void): void {
    switch (command.kind) {
      case 'SubmitTransaction':
        if (this.#isStopped || this.#fetch !== undefined) reply({ kind: 'NotFound' });
        else this.#pool.submitLocal(command.transaction, reply);
        return;
      case 'SubmitTransactions':
        if (this.#isStopped || this.#fetch !== undefined) reply({ kind: 'NotFound' });
        else
          this.#pool.submitBatch(command.transactions, (submissions) =>
            reply({ kind: 'Submissions', submissions }),
          );
        return;
      case 'Dial':
        this.#network.dialNow(command.address);
        reply({ kind: 'Done' });
        return;
      case 'Propose':
        this.#engine.onProposal(command.body, (why) =>
          reply(why === undefined ? { kind: 'Done' } : { kind: 'NotProposed', why }),
        );
        return;
      default:
        reply(answerQuery(this.#ledger, this.#pool, command));
    }
  }

  /** A block that the ledger kept until its time, or until its lost parent came back. */
  onReleased(block: Block, outcome: ImportOutcome): void {
    if (this.#isStopped) return;
    const id = blockId(block.header);
    this.#onOutcome({ id, block, certificate: '', from: undefined }, outcome);
    this.#intake.releaseChildren(id);
  }

  /** The ledger found blocks that its disk lost: peers have them. */
  onLost(): void {
    if (!this.#isStopped) this.#sync.look();
  }

  onStop(done: () => void): void {
    this.#env.emit({ kind: 'NodeStopped', reason: this.#halted ?? 'asked' });
    const canFlush = this.#halted !== 'STORAGE_FAULT';
    this.#shutDown('stopped');
    if (canFlush) this.#ledger.flushed(done);
    else done();
  }

  /** The node cannot go on: it tells why, leaves its peers and does nothing more. */
  halt(code: HaltCode, fact: string): void {
    if (this.#halted !== undefined) return;
    this.#halted = code;
    this.#env.emit({ kind: 'NodeHalted', code, fact });
    this.#shutDown('halted');
  }

  /** Leaves its peers without a word: another core takes the place of this one in the same boot. */
  retire(): void {
    this.#shutDown('retired');
  }

  inspect(): NodeSnapshot {
    return snapshotOf({
      nodeKey: this.#key,
      halted: this.#halted,
      head: this.#head,
      ledger: this.#ledger,
      network: this.#network,
      mempool: this.#pool.counts(),
      sync: {
        phase: this.#fetch === undefined ? this.#sync.phase : 'snapshot',
        target: this.#sync.target,
      },
      engine: this.#engine.status(),
      engineHeightOf: (peer) => this.#engine.heightOf(peer),
      bounds: [
        ...this.#network.bounds(),
        ...this.#seals.bounds(),
        ...this.#signatures.bounds(),
        ...this.#pool.bounds(),
        ...this.#intake.bounds(),
        ...(this.#transactions?.bounds() ?? []),
        ...this.#blocks.bounds(),
        ...this.#sync.bounds(),
        ...(this.#fetch?.bounds() ?? []),
        ...this.#engine.bounds(),
      ],
    });
  }

  #route(peer: Peer, message: Message): void {
    if (this.#fetch !== undefined && isOfChain(message)) return;
    switch (message.kind) {
      case 'Block':
        this.#blocks.onAnnounce(peer, message);
        return;
      case 'GetBlock':
        this.#blockServer.onGetBlock(peer, message);
        return;
      case 'GetBlockResponse':
        this.#blocks.onGetBlockResponse(peer, message);
        return;
      case 'Transactions':
        this.#transactions?.onMessage(peer, message);
        this.#pool.verifyWaiting();
        return;
      case 'Consensus':
        this.#onConsensus(peer, message);
        return;
      case 'SyncRequest':
        serveSync(
          {
            ...this.#common,
            waiting: (id) => this.#intake.waiting(id),
            undecided: (id) => this.#engine.blockOf(id),
          },
          peer,
          message,
        );
        return;
      case 'SyncResponse':
        if (this.#fetch !== undefined) this.#fetch.onResponse(peer, message);
        else if (message.result.kind === 'part' && message.requestId === GOSSIP_REQUEST_ID) {
          this.#blocks.onPart(peer, message.result.id, message.result);
        } else this.#sync.onResponse(peer, message);
        return;
      case 'Ping':
        this.#network.onPing(peer, message);
        if (this.#fetch === undefined) this.#sync.onClaim(peer);
        return;
      case 'Pong':
        this.#network.onPong(peer, message);
        if (this.#fetch === undefined) this.#sync.onClaim(peer);
        return;
      case 'PeerInfo':
        this.#network.onPeerInfo(peer, message);
        return;
      case 'Handshake':
      case 'HandshakeProof':
        return;
      default:
        assertNever(message);
    }
  }

  #onConsensus(peer: Peer, message: Extract<Message, { kind: 'Consensus' }>): void {
    const verdict = this.#engine.onMessage(peer.id, message);
    if (verdict.kind === 'fault') this.#network.fault(peer, 'ENGINE', verdict.penalty);
  }

  #onPeerUp(peer: Peer, told: BlockHash): void {
    if (this.#fetch !== undefined) {
      this.#fetch.onPeerUp();
      return;
    }
    if (told !== this.#head.id) this.#blocks.tellHead(peer, this.#ledger.head());
    this.#transactions?.onPeerUp(peer);
    this.#engine.onPeerUp(peer.id);
    this.#sync.onClaim(peer);
  }

  #onPeerDown(peer: Peer): void {
    if (this.#isStopped) return;
    this.#fetch?.onPeerDown(peer);
    this.#transactions?.onPeerDown(peer);
    this.#blocks.onPeerDown(peer);
    this.#sync.onPeerDown(peer);
    this.#engine.onPeerDown(peer.id);
  }

  /** A block came to its end in the intake: peers, sync, mempool and engine follow. */
  #onOutcome(item: IntakeItem, outcome: ImportOutcome | undefined): void {
    if (outcome?.kind === 'halt') {
      this.#onHalt(outcome);
      return;
    }
    if (outcome?.kind === 'imported' && item.from !== undefined)
      item.from.blockMs = this.#env.clock.monotonicMs();
    const change = outcome?.kind === 'imported' ? outcome.change : undefined;
    if (change !== undefined) this.#head = claimOf(change.to);
    if (outcome?.kind === 'imported' && this.#engine.takeBuilt(item.block)) {
      const { height, txCount } = item.block.header;
      this.#env.emit({ kind: 'BlockProduced', id: item.id, height, txCount });
    }
    const isOld = this.#sync.phase !== 'idle' && item.from !== undefined;
    this.#blocks.onOutcome(item.block, item.id, item.from, outcome, isOld);
    if (change !== undefined) this.#onHead(change);
    this.#sync.onOutcome(item.id, item.from, outcome);
  }

  /** After a sync: what was fetched in it was not announced. */
  #tellHead(): void {
    const head = this.#ledger.head();
    for (const peer of this.#network.peers) this.#blocks.tellHead(peer, head);
  }

  #onHead(change: HeadChange): void {
    this.#pool.onHead(change);
    this.#engine.onHead(change.to);
    if (this.#ledger.missingBodies().length > 0) this.#sync.look();
  }

  #onHalt(halt: LedgerHalt): void {
    this.halt(halt.code, halt.fact);
  }

  #shutDown(reason: string): void {
    if (this.#isStopped) return;
    this.#engine.stop();
    this.#isStopped = true;
    this.#transactions?.stop();
    this.#blocks.stop();
    this.#sync.stop();
    this.#fetch?.stop();
    this.#intake.stop();
    this.#pool.stop();
    this.#network.stop(reason);
    this.#ledger.stop();
  }

  #createCommon(): Common {
    const network = this.#network;
    return {
      env: this.#env,
      clock: this.#env.clock,
      random: this.#env.random,
      limits: this.#limits,
      blockBytesMax: this.#config.genesis.parameters.blockBytesMax,
      features: this.#features,
      requestTimeouts: this.#features.requestTimeouts,
      ledger: this.#ledger,
      isCertified: this.#config.consensus.rules.isCertified,
      seals: this.#seals,
      head: () => this.#head,
      peers: () => network.peers,
      send: (peer, message) => network.send(peer, message),
      fault: (peer, fault) => network.fault(peer, fault),
      stalled: (peer) => network.stalled(peer),
      close: (peer, reason) => network.close(peer, reason),
      onHalt: (halt) => this.halt(halt.code, halt.fact),
    };
  }

  #createNetwork(): PeerNetwork {
    return new PeerNetwork({
      env: this.#env,
      config: this.#config,
      features: this.#features,
      limits: this.#limits,
      publicKey: this.#key,
      genesisId: this.#ledger.genesisId,
      head: () => this.#head,
      onUp: (peer, told) => this.#onPeerUp(peer, told),
      onDown: (peer) => this.#onPeerDown(peer),
      onEarly: (peer, message) => this.#route(peer, message),
    });
  }

  #createPool(): TransactionPool {
    return new TransactionPool({
      env: this.#env,
      config: this.#config,
      limits: this.#limits,
      ledger: this.#ledger,
      onAccepted: (id) => this.#transactions?.announce(id),
      onGrown: () => this.#engine.onMempool(),
      onInvalid: (peer) => this.#network.fault(peer, 'INVALID_TRANSACTION'),
    });
  }

  #createTransactionRelay(): TransactionRelay {
    return new TransactionRelay({
      ...this.#common,
      get: (id) => this.#pool.get(id),
      ids: () => this.#pool.ids(),
      isNew: (id) => this.#pool.isNew(id),
      idOf: (transaction) => transactionId(transaction, (bytes) => this.#common.env.crypto.sha256(bytes)),
      onBody: (peer, id, transaction) => this.#pool.submitFrom(peer, id, transaction),
    });
  }

  #createBlockRelay(): BlockRelay {
    const { rules } = this.#config.consensus;
    return new BlockRelay({
      ...this.#common,
      isBetter: (candidate) => rules.compare(this.#ledger.head(), candidate) < 0,
      mempool: () => this.#pool.entries(),
      waiting: (id) => this.#intake.waiting(id),
      onBody: (block, certificate, from) => this.#intake.submit(block, certificate, from),
      onUndecided: (block, from) => this.#engine.onBlock(from.id, block),
      onBehind: () => this.#sync.look(),
    });
  }

  #createEngine(): EngineRunner {
    const { identity, beneficiary, consensus } = this.#config;
    return new EngineRunner(
      {
        env: this.#env,
        identity,
        publicKey: this.#key,
        isVouched: this.#config.isVouched === true,
        beneficiary,
        search: this.#config.createSearch(this.#env),
        ledger: this.#ledger,
        signatures: this.#signatures,
        intake: () => this.#intake,
        network: () => this.#network,
        candidates: () => this.#pool.candidates(),
        fetch: (id, from) => {
          const peer = this.#network.peer(from);
          if (peer !== undefined) this.#blocks.fetch(peer, id);
        },
        claim: (from, head) => {
          const peer = this.#network.peer(from);
          if (peer === undefined) return;
          peer.head = head;
          this.#sync.onClaim(peer);
        },
        onStorageFault: (fault) => this.halt('STORAGE_FAULT', fault.kind),
      },
      consensus,
    );
  }
}

/** What most parts share. */
interface Common {
  readonly env: Env<ChainWorld>;
  readonly clock: Env<ChainWorld>['clock'];
  readonly random: Env<ChainWorld>['random'];
  readonly limits: NodeLimits;
  readonly blockBytesMax: number;
  readonly features: NodeFeatures;
  readonly requestTimeouts: boolean;
  readonly ledger: Ledger<unknown>;
  readonly isCertified: boolean;
  readonly seals: SealCheck;
  readonly head: () => HeadClaim;
  readonly peers: () => readonly Peer[];
  readonly send: (peer: Peer, message: Message) => boolean;
  readonly fault: (peer: Peer, fault: PeerFault) => void;
  readonly stalled: (peer: Peer) => void;
  readonly close: (peer: Peer, reason: string) => void;
  readonly onHalt: (halt: LedgerHalt) => void;
}

function claimOf(head: Candidate): HeadClaim {
  return { id: head.id, height: head.header.height, weight: head.weight };
}

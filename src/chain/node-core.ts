/** One running node: its parts, the routes of messages between them, and what follows from an import. */
import { assertNever } from '../env/assert.ts';
import { bytesToHex } from '../env/bytes.ts';
import type { ConnectionInfo, DecodeRejection, DialFailure, DisconnectReason } from '../env/network.ts';
import type { Env } from '../env/program.ts';
import type { Address, ConnectionId } from '../env/units.ts';
import type { Candidate } from './consensus/consensus.ts';
import type { HeadChange, ImportOutcome, Ledger, LedgerHalt } from './ledger/ledger.ts';
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
import { AddressBook } from './peers/address-book.ts';
import { ANCHORS_MAX, loadAnchors, saveAnchors } from './peers/anchors.ts';
import { BlockRelay } from './peers/block-relay.ts';
import { BlockServer } from './peers/block-server.ts';
import { Connections } from './peers/connections.ts';
import { Dialer } from './peers/dialer.ts';
import { Discovery } from './peers/discovery.ts';
import type { PeerFault } from './peers/fault.ts';
import { KeepAlive } from './peers/keep-alive.ts';
import type { Peer } from './peers/peer.ts';
import { SealCheck } from './peers/seal-check.ts';
import { TransactionRelay } from './peers/transaction-relay.ts';
import { Sync } from './sync/sync.ts';
import { serveSync } from './sync/sync-server.ts';
import type { Block } from './types/block.ts';
import type { Answer, ChainWorld, Command, NodeSnapshot } from './types/command.ts';
import type { DomainEvent } from './types/event.ts';
import { checkForkId, forkIdOf } from './types/fork-id.ts';
import { PROTOCOL_VERSION_MIN } from './types/genesis.ts';
import { blockId } from './types/header-codec.ts';
import type { HandshakeMessage, HeadClaim, Message } from './types/message.ts';
import { transactionId } from './types/transaction-codec.ts';
import { type BlockHash, type PublicKey, publicKey } from './types/units.ts';

type HaltCode = Extract<DomainEvent, { kind: 'NodeHalted' }>['code'];

/** The parts of one node, wired. Built when its ledger is open. */
export class NodeCore {
  readonly #env: Env<ChainWorld>;
  readonly #config: NodeConfig;
  readonly #features: NodeFeatures;
  readonly #limits: NodeLimits;
  readonly #ledger: Ledger<unknown>;
  readonly #key: PublicKey;
  readonly #book: AddressBook;
  readonly #connections: Connections;
  readonly #common: Common;
  readonly #dialer: Dialer;
  readonly #discovery: Discovery | undefined;
  readonly #keepAlive: KeepAlive | undefined;
  readonly #seals: SealCheck;
  readonly #pool: TransactionPool;
  readonly #intake: BlockIntake;
  readonly #transactions: TransactionRelay | undefined;
  readonly #blocks: BlockRelay;
  readonly #blockServer: BlockServer;
  readonly #sync: Sync;
  readonly #engine: EngineRunner;
  #head: HeadClaim;
  #halted: HaltCode | undefined;
  #isStopped = false;

  constructor(env: Env<ChainWorld>, config: NodeConfig, ledger: Ledger<unknown>) {
    this.#env = env;
    this.#config = config;
    this.#features = { ...DEFAULT_FEATURES, ...config.features };
    this.#limits = { ...DEFAULT_LIMITS, ...config.limits };
    this.#ledger = ledger;
    this.#key = publicKey(bytesToHex(env.crypto.publicKey(config.identity)));
    this.#head = claimOf(ledger.head());
    const isStatic = config.staticPeers !== undefined;
    const configured = config.staticPeers ?? config.bootstrap;
    this.#book = new AddressBook(env.random, Math.max(this.#limits.knownAddressesMax, configured.length));
    for (const address of configured) this.#book.add(address, '');
    this.#seals = new SealCheck((header) => config.consensus.rules.sealItems(header));
    this.#connections = this.#createConnections();
    this.#common = this.#createCommon();
    const isDiscovering = this.#features.discovery && !isStatic;
    this.#dialer = this.#createDialer(isDiscovering);
    this.#discovery = isDiscovering
      ? new Discovery(config.listen, { ...this.#common, onLearned: () => this.#dialer.plan() }, this.#book)
      : undefined;
    this.#keepAlive = this.#features.pings ? new KeepAlive(this.#common) : undefined;
    this.#pool = this.#createPool();
    this.#intake = new BlockIntake({
      ...this.#common,
      verified: this.#pool.verified,
      isInMempool: (id) => this.#pool.get(id) !== undefined,
      onOutcome: (item, outcome) => this.#onOutcome(item, outcome),
    });
    this.#transactions = this.#features.transactionGossip ? this.#createTransactionRelay() : undefined;
    this.#blocks = this.#createBlockRelay();
    this.#blockServer = new BlockServer({ ...this.#common, waiting: (id) => this.#intake.waiting(id) });
    this.#sync = new Sync({
      ...this.#common,
      peer: (id) => this.#connections.peer(id),
      isRequested: (id) => this.#blocks.isRequested(id),
      isWaiting: (id) => this.#intake.waiting(id) !== undefined,
      onBody: (block, certificate, from) => this.#intake.submit(block, certificate, from),
      orphanCount: () => this.#intake.orphanCount,
      onFinished: () => this.#tellHead(),
    });
    this.#engine = this.#createEngine();
  }

  start(): void {
    if (this.#discovery !== undefined) {
      for (const anchor of loadAnchors(this.#env.storage, this.#env.crypto)) this.#book.add(anchor, '');
    }
    this.#dialer.start();
    this.#engine.start();
  }

  onConnected(c: ConnectionId, info: ConnectionInfo): void {
    if (!this.#isStopped) this.#connections.onConnected(c, info);
    else this.#env.network.close(c, 'now', 'stopped');
  }

  onDialFailed(address: Address, reason: DialFailure): void {
    this.#connections.onDialFailed(address, reason);
  }

  onMessage(from: ConnectionId, message: Message): void {
    const peer = this.#connections.onMessage(from, message);
    if (peer === undefined || this.#isStopped) return;
    this.#keepAlive?.onMessage(peer);
    this.#route(peer, message);
  }

  onMalformed(from: ConnectionId, reason: DecodeRejection): void {
    this.#connections.onMalformed(from, reason);
  }

  onWritable(c: ConnectionId): void {
    this.#connections.onWritable(c);
  }

  onDisconnected(c: ConnectionId, reason: DisconnectReason): void {
    this.#connections.onDisconnected(c, reason);
  }

  onCommand(command: Command, reply: (answer: Answer) => void): void {
    switch (command.kind) {
      case 'SubmitTransaction':
        if (this.#isStopped) reply({ kind: 'NotFound' });
        else this.#pool.submitLocal(command.transaction, reply);
        return;
      case 'Dial':
        if (!this.#isStopped) this.#dialer.dialNow(command.address);
        reply({ kind: 'Done' });
        return;
      default:
        reply(answerQuery(this.#ledger, (id) => this.#pool.get(id), command));
    }
  }

  /** A block that the ledger kept until its time, or until its lost parent came back. */
  onReleased(block: Block, outcome: ImportOutcome): void {
    if (this.#isStopped) return;
    const id = blockId(block.header);
    this.#onOutcome({ id, block, certificate: '', from: undefined }, outcome);
    this.#intake.releaseChildren(id);
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

  inspect(): NodeSnapshot {
    return snapshotOf({
      nodeKey: this.#key,
      halted: this.#halted,
      head: this.#head,
      ledger: this.#ledger,
      connections: this.#connections,
      knownAddresses: this.#book.size,
      mempool: this.#pool.counts(),
      sync: { phase: this.#sync.phase, target: this.#sync.target },
      engine: this.#engine.status(),
      bounds: [
        { name: 'peers.addresses', size: this.#book.size, max: this.#book.max },
        ...this.#connections.bounds(),
        ...this.#dialer.bounds(),
        ...this.#seals.bounds(),
        ...this.#pool.bounds(),
        ...this.#intake.bounds(),
        ...(this.#transactions?.bounds() ?? []),
        ...this.#blocks.bounds(),
        ...this.#sync.bounds(),
      ],
    });
  }

  #route(peer: Peer, message: Message): void {
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
        serveSync(this.#common, peer, message);
        return;
      case 'SyncResponse':
        this.#sync.onResponse(peer, message);
        return;
      case 'Ping':
        peer.head = message.head;
        this.#connections.send(peer, { kind: 'Pong', nonce: message.nonce, head: this.#head });
        this.#sync.onClaim(peer);
        return;
      case 'Pong':
        peer.head = message.head;
        this.#keepAlive?.onPong(peer, message);
        this.#sync.onClaim(peer);
        return;
      case 'PeerInfo':
        this.#discovery?.onMessage(peer, message);
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
    if (verdict.kind === 'fault') this.#connections.fault(peer, 'ENGINE', verdict.penalty);
  }

  #onPeerUp(peer: Peer, greeting: HandshakeMessage, told: BlockHash): void {
    if (peer.direction === 'out' && this.#dialer.isFeeler(peer.address)) {
      this.#connections.close(peer, 'feeler');
      return;
    }
    this.#keepAlive?.onPeerUp();
    this.#discovery?.onUp(peer, greeting.listen);
    if (this.#discovery !== undefined && peer.direction === 'out') this.#saveAnchors();
    if (told !== this.#head.id) this.#blocks.tellHead(peer, this.#ledger.head());
    this.#transactions?.onPeerUp(peer);
    this.#engine.onPeerUp(peer.id);
    this.#sync.onClaim(peer);
  }

  #onPeerDown(peer: Peer): void {
    if (this.#isStopped) return;
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
    for (const peer of this.#connections.peers) this.#blocks.tellHead(peer, head);
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
    this.#dialer.stop();
    this.#discovery?.stop();
    this.#keepAlive?.stop();
    this.#transactions?.stop();
    this.#blocks.stop();
    this.#sync.stop();
    this.#intake.stop();
    this.#pool.stop();
    this.#connections.closeAll(reason);
    this.#ledger.stop();
  }

  #saveAnchors(): void {
    const anchors: Address[] = [];
    for (const peer of this.#connections.peers) if (peer.direction === 'out') anchors.push(peer.address);
    saveAnchors(this.#env.storage, this.#env.crypto, anchors.slice(-ANCHORS_MAX));
  }

  #createCommon(): Common {
    const connections = this.#connections;
    return {
      env: this.#env,
      clock: this.#env.clock,
      random: this.#env.random,
      limits: this.#limits,
      features: this.#features,
      requestTimeouts: this.#features.requestTimeouts,
      ledger: this.#ledger,
      seals: this.#seals,
      head: () => this.#head,
      peers: () => connections.peers,
      send: (peer, message) => connections.send(peer, message),
      fault: (peer, fault) => connections.fault(peer, fault),
      stalled: (peer) => connections.stalled(peer),
      close: (peer, reason) => connections.close(peer, reason),
      onHalt: (halt) => this.halt(halt.code, halt.fact),
    };
  }

  #createConnections(): Connections {
    const { schedule, identity, listen, protocolMax } = this.#config;
    const { genesisId } = this.#ledger;
    return new Connections(
      this.#env,
      this.#limits,
      {
        key: identity,
        publicKey: this.#key,
        listen,
        genesisId,
        protocolMin: PROTOCOL_VERSION_MIN,
        protocolMax,
        forkId: () => forkIdOf(genesisId, schedule, this.#head.height),
        checkFork: (remote) => checkForkId(genesisId, schedule, this.#head.height, remote),
      },
      this.#book,
      () => this.#dialer,
      {
        head: () => this.#head,
        onUp: (peer, greeting, told) => this.#onPeerUp(peer, greeting, told),
        onDown: (peer) => this.#onPeerDown(peer),
        onEarly: (peer, message) => this.#route(peer, message),
      },
    );
  }

  #createDialer(isDiscovering: boolean): Dialer {
    const { listen, staticPeers } = this.#config;
    return new Dialer(
      { listen, staticPeers, outboundTarget: this.#limits.outboundTarget, feelers: isDiscovering },
      {
        clock: this.#env.clock,
        random: this.#env.random,
        dial: (address) => this.#env.network.dial(address),
        isPeerUp: (peer) => this.#connections.peer(peer) !== undefined,
        onStarved: () => this.#discovery?.onStarved(),
      },
      this.#book,
    );
  }

  #createPool(): TransactionPool {
    return new TransactionPool({
      env: this.#env,
      config: this.#config,
      limits: this.#limits,
      ledger: this.#ledger,
      onAccepted: (id) => this.#transactions?.announce(id),
      onGrown: () => this.#engine.onMempool(),
      onInvalid: (peer) => this.#connections.fault(peer, 'INVALID_TRANSACTION'),
    });
  }

  #createTransactionRelay(): TransactionRelay {
    return new TransactionRelay({
      ...this.#common,
      get: (id) => this.#pool.get(id),
      ids: () => this.#pool.ids(),
      isNew: (id) => this.#pool.isNew(id),
      idOf: transactionId,
      onBody: (peer, id, transaction) => this.#pool.submitFrom(peer, id, transaction),
    });
  }

  #createBlockRelay(): BlockRelay {
    const { rules } = this.#config.consensus;
    return new BlockRelay({
      ...this.#common,
      blockBytesMax: this.#config.genesis.parameters.blockBytesMax,
      isBetter: (candidate) => rules.compare(this.#ledger.head(), candidate) < 0,
      mempool: () => this.#pool.entries(),
      waiting: (id) => this.#intake.waiting(id),
      onBody: (block, certificate, from) => this.#intake.submit(block, certificate, from),
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
        beneficiary,
        search: this.#config.createSearch(this.#env),
        ledger: this.#ledger,
        intake: () => this.#intake,
        connections: () => this.#connections,
        candidates: () => this.#pool.candidates(),
        fetch: (id, from) => {
          const peer = this.#connections.peer(from);
          if (peer !== undefined) this.#blocks.fetch(peer, id);
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
  readonly features: NodeFeatures;
  readonly requestTimeouts: boolean;
  readonly ledger: Ledger<unknown>;
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

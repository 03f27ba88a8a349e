/**
 * Block gossip: announcements, one request for each block at a time, and compact reconstruction. In certified chains it
 * only fetches what the engine asks for.
 */
import { assertNever } from '../../env/assert.ts';
import { TIMER_DELAY_MAX_MS, type Timer } from '../../env/clock.ts';
import type { Env } from '../../env/program.ts';
import { type Ms, ms, unixMs } from '../../env/units.ts';
import type { Candidate } from '../consensus/consensus.ts';
import { checkBody } from '../execution/check-body.ts';
import type { HeaderOutcome, ImportOutcome, Ledger, LedgerHalt } from '../ledger/ledger.ts';
import type { NodeFeatures, NodeLimits } from '../node-config.ts';
import type { Block, Header, SystemData } from '../types/block.ts';
import type { ChainWorld } from '../types/command.ts';
import { blockId } from '../types/header-codec.ts';
import type {
  BlockMessage,
  BlockPart,
  GetBlockResponseMessage,
  Message,
  ShortIds,
} from '../types/message.ts';
import type { BlockRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import type { BlockHash, TxId, Weight } from '../types/units.ts';
import { announcementOf } from './announcement.ts';
import { BlockRequest, type BlockRequestPorts } from './block-request.ts';
import { completePartial, fillFromMempool, shortIdTable } from './compact.ts';
import type { PeerFault } from './fault.ts';
import { headerFault } from './header-fault.ts';
import type { Peer } from './peer.ts';
import type { SealCheck } from './seal-check.ts';

/** Announcers whose seal is being checked, for each block. */
const ANNOUNCERS_MAX = 8;
/** Blocks asked for at once: a branch of that length may be announced while its bodies travel. */
const BLOCKS_IN_FLIGHT_MAX = 64;

/** How a body came. */
export type BlockSource = 'announce' | 'full' | 'compact';

/** What the relay needs of the node. */
export interface BlockRelayPorts {
  readonly env: Env<ChainWorld>;
  readonly features: NodeFeatures;
  readonly limits: NodeLimits;
  readonly blockBytesMax: number;
  /** As ConsensusRules.isCertified. */
  readonly isCertified: boolean;
  readonly ledger: Ledger<unknown>;
  readonly seals: SealCheck;
  readonly peers: () => readonly Peer[];
  send(peer: Peer, message: Message): boolean;
  fault(peer: Peer, fault: PeerFault): void;
  stalled(peer: Peer): void;
  /** True when the candidate would become the head. */
  isBetter(candidate: Candidate): boolean;
  mempool(): Iterable<readonly [TxId, Transaction]>;
  /** A body that waits for its signatures, or for its parent. */
  waiting(id: BlockHash): Block | undefined;
  /** Takes a body that matches its header. */
  onBody(block: Block, certificate: string, from: Peer, via: BlockSource): void;
  /** Takes a body without a certificate that the engine asked for; it matches its header. */
  onUndecided(block: Block, from: Peer): void;
  /** Something is known that gossip does not fetch: blocks far ahead, or ones that no announcer gave. */
  onBehind(): void;
  onHalt(halt: LedgerHalt): void;
}

/** The block gossip of one node. */
export class BlockRelay {
  readonly #ports: BlockRelayPorts;
  readonly #requests = new Map<BlockHash, BlockRequest>();
  /** Announced, and the signatures of the seal are being checked. */
  readonly #sealing = new Map<BlockHash, Peer[]>();
  readonly #held = new Map<BlockHash, Timer>();
  readonly #requestPorts: BlockRequestPorts;

  constructor(ports: BlockRelayPorts) {
    this.#ports = ports;
    this.#requestPorts = {
      env: ports.env,
      features: ports.features,
      limits: ports.limits,
      blockBytesMax: ports.blockBytesMax,
      send: (peer, message) => ports.send(peer, message),
      fault: (peer, fault) => ports.fault(peer, fault),
      stalled: (peer) => ports.stalled(peer),
      onTransactions: (request, all, from) => this.#complete(request, all, from, 'compact'),
      onWhole: (request, { block, certificate }, from, isMixed) =>
        this.#take(request, block, certificate, from, 'full', isMixed),
      onNobody: ({ id }) => {
        this.#requests.delete(id);
        ports.onBehind();
      },
    };
  }

  /** True while the body of that block is on its way here or waits for its import. */
  isRequested(id: BlockHash): boolean {
    return this.#requests.has(id);
  }

  onAnnounce(peer: Peer, message: BlockMessage): void {
    const { header } = message;
    const id = blockId(header);
    peer.head = { id, height: header.height, weight: message.weight };
    const status = this.#ports.ledger.status(id);
    if (status === 'executed' || status === 'invalid') return;
    if (this.#ports.isCertified) {
      // A header alone is a claim: sync fetches what proves it.
      this.#ports.onBehind();
      return;
    }
    const request = this.#requests.get(id);
    if (request === undefined) this.#checkSeal(peer, id, message);
    else if (request.source === undefined && this.#ports.waiting(id) === undefined) request.ask(peer);
    else if (request.source !== peer) request.addAnnouncer(peer);
  }

  /** An engine needs a block of which it knows the id and who has it. */
  fetch(peer: Peer, id: BlockHash): void {
    if (this.#ports.ledger.status(id) === 'executed' || this.#ports.waiting(id) !== undefined) return;
    const request = this.#requests.get(id);
    if (request === undefined) this.#open(peer, id, undefined);
    else if (request.source !== peer) request.addAnnouncer(peer);
  }

  onGetBlockResponse(peer: Peer, message: GetBlockResponseMessage): void {
    const request = this.#awaited(peer, message.id);
    if (request === undefined) return;
    const { result } = message;
    if (result.kind === 'block') {
      if (blockId(result.block.header) !== message.id || this.#checkBody(result.block) !== undefined) {
        this.#ports.fault(peer, 'BODY_MISMATCH');
        request.nextAfter(peer);
      } else this.#take(request, result.block, result.certificate, peer, 'full');
    } else if (result.kind === 'transactions') {
      request.onTransactions(peer, result.indexes, result.transactions);
    } else if (result.kind === 'part') request.onPart(peer, result);
    else if (request.source === peer) request.next();
  }

  /** A part after the first, as GOSSIP_REQUEST_ID asked for it. */
  onPart(peer: Peer, id: BlockHash, part: BlockPart): void {
    this.#awaited(peer, id)?.onPart(peer, part);
  }

  /** Tells a peer of the head, where it may have missed the announcement. Certified chains have none: their engine tells. */
  tellHead(peer: Peer, head: Candidate): void {
    if (this.#ports.isCertified || peer.head.id === head.id) return;
    this.#ports.send(peer, { kind: 'Block', header: head.header, weight: head.weight });
  }

  /**
   * A block came to its end here; `outcome` undefined: there was no room for it.
   * @param isOld sync fetched it: peers have it, and are told of the head when sync is done.
   */
  onOutcome(
    block: Block,
    id: BlockHash,
    from: Peer | undefined,
    outcome: ImportOutcome | undefined,
    isOld: boolean,
  ): void {
    const request = this.#requests.get(id);
    if (outcome?.kind === 'rejected' && !outcome.covered) {
      if (request?.isRebuilt === true && from?.isUp === true) {
        // What the short ids left out may be what is missing: the whole block settles it, and nobody is at fault yet.
        request.isRebuilt = false;
        request.ask(from);
        return;
      }
      if (from !== undefined) {
        this.#ports.fault(
          from,
          outcome.why.code === 'BAD_CERTIFICATE' ? 'INVALID_CERTIFICATE' : 'BODY_MISMATCH',
        );
      }
      if (request !== undefined) request.next();
      return;
    }
    if (outcome?.kind === 'orphan') {
      // Below it something may be missing that nobody gave when it was asked for, on a branch that was not the best one then.
      this.#ports.onBehind();
      return;
    }
    if (request !== undefined) this.#close(request);
    if (this.#ports.isCertified) return;
    if (outcome?.kind !== 'imported' || request?.isAnnounced === true || (isOld && request === undefined))
      return;
    if (outcome.change?.to.id === id || this.#ports.features.relayStale) {
      this.#announce(block, outcome.candidate, request?.announcement);
    }
  }

  onPeerDown(peer: Peer): void {
    for (const request of [...this.#requests.values()]) request.onPeerDown(peer);
  }

  stop(): void {
    for (const request of this.#requests.values()) request.end();
    for (const timer of this.#held.values()) timer.cancel();
    this.#requests.clear();
    this.#held.clear();
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    return [
      { name: 'gossip.blocks', size: this.#requests.size, max: BLOCKS_IN_FLIGHT_MAX },
      { name: 'gossip.sealing', size: this.#sealing.size, max: BLOCKS_IN_FLIGHT_MAX },
      { name: 'gossip.heldHeaders', size: this.#held.size, max: this.#ports.limits.heldBlocksMax },
    ];
  }

  /** The request whose body is not here yet. */
  #awaited(peer: Peer, id: BlockHash): BlockRequest | undefined {
    const request = this.#requests.get(id);
    if (request !== undefined && this.#ports.waiting(id) === undefined) return request;
    // Where no header is kept, one that waits for its import is as unknown as one that nobody asked for.
    const isLate = this.#ports.isCertified && request !== undefined;
    if (!isLate && this.#ports.ledger.status(id) === 'unknown') this.#ports.fault(peer, 'UNREQUESTED');
    return undefined;
  }

  /** Signatures of the seal first, where it has any; whoever announces meanwhile waits for the same answer. */
  #checkSeal(peer: Peer, id: BlockHash, message: BlockMessage): void {
    const waiting = this.#sealing.get(id);
    if (waiting !== undefined) {
      if (waiting.length < ANNOUNCERS_MAX) waiting.push(peer);
      return;
    }
    const { header } = message;
    const items = this.#ports.seals.itemsOf(header);
    if (items.length === 0) {
      this.#judge(peer, id, message);
      return;
    }
    if (this.#sealing.size >= BLOCKS_IN_FLIGHT_MAX) return;
    const announcers = [peer];
    this.#sealing.set(id, announcers);
    this.#ports.env.crypto.verify(items, (valid) => {
      this.#sealing.delete(id);
      if (valid.includes(false)) {
        for (const liar of announcers) this.#ports.fault(liar, 'INVALID_HEADER');
        return;
      }
      this.#ports.seals.remember(header);
      for (const announcer of announcers) if (announcer.isUp) this.onAnnounce(announcer, message);
    });
  }

  #judge(peer: Peer, id: BlockHash, message: BlockMessage): void {
    const outcome: HeaderOutcome = this.#ports.ledger.acceptHeader(message.header);
    switch (outcome.kind) {
      case 'accepted':
        this.#checkWeight(peer, message.weight, outcome.candidate);
        this.#request(peer, id, message);
        return;
      case 'known':
      case 'needsExecution':
        this.#request(peer, id, message);
        return;
      case 'orphan':
        this.#ports.onBehind();
        return;
      case 'future':
        this.#hold(peer, id, message, outcome.retryMs);
        return;
      case 'rejected': {
        const fault = headerFault(outcome.why);
        if (fault !== undefined) this.#ports.fault(peer, fault);
        return;
      }
      case 'halt':
        this.#ports.onHalt(outcome);
        return;
      default:
        assertNever(outcome);
    }
  }

  /** Bodies are fetched here only next to what is executed or on its way; anything further is for sync. */
  #request(peer: Peer, id: BlockHash, message: BlockMessage): void {
    const { parent } = message.header;
    if (this.#ports.ledger.status(parent) !== 'executed' && !this.#requests.has(parent)) {
      this.#ports.onBehind();
      return;
    }
    const request = this.#open(peer, id, message);
    if (request === undefined) {
      this.#ports.onBehind();
      return;
    }
    const { shortIds, header } = message;
    const isCompact = shortIds !== undefined && this.#ports.features.compactBlocks === 'on';
    if (!isCompact || !this.#reconstruct(request, peer, header, shortIds)) request.ask(peer);
  }

  #open(peer: Peer, id: BlockHash, announcement: BlockMessage | undefined): BlockRequest | undefined {
    if (this.#requests.size >= BLOCKS_IN_FLIGHT_MAX) return undefined;
    const request = new BlockRequest(this.#requestPorts, id, announcement);
    this.#requests.set(id, request);
    if (announcement === undefined) request.ask(peer);
    return request;
  }

  #close(request: BlockRequest): void {
    request.end();
    this.#requests.delete(request.id);
  }

  #take(
    request: BlockRequest,
    block: Block,
    certificate: string,
    peer: Peer,
    via: BlockSource,
    isMixed = false,
  ): void {
    peer.stalls = 0;
    request.end();
    request.isRebuilt = via !== 'full' || isMixed;
    this.#ports.env.emit({
      kind: 'BlockReceived',
      id: request.id,
      height: block.header.height,
      from: peer.id,
      via,
    });
    if (this.#ports.isCertified) {
      this.#takeCertified(request, block, certificate, peer);
      return;
    }
    const candidate = this.#ports.ledger.candidate(request.id);
    // Seal, header and roots hold: what is left to judge is the producer's responsibility, and peers need not wait for it.
    if (
      certificate === '' &&
      candidate !== undefined &&
      !request.isAnnounced &&
      this.#ports.isBetter(candidate)
    ) {
      request.isAnnounced = true;
      this.#announce(block, candidate, request.announcement);
    }
    this.#ports.onBody(block, certificate, peer, via);
  }

  /** One with a certificate is imported next to what is executed or about to be; what lies further ahead is for sync. */
  #takeCertified(request: BlockRequest, block: Block, certificate: string, peer: Peer): void {
    const { parent } = block.header;
    if (certificate === '') {
      this.#close(request);
      this.#ports.onUndecided(block, peer);
    } else if (
      this.#ports.ledger.status(parent) === 'executed' ||
      this.#ports.waiting(parent) !== undefined
    ) {
      this.#ports.onBody(block, certificate, peer, 'full');
    } else {
      this.#close(request);
      this.#ports.onBehind();
    }
  }

  /** True when the block could be built, or what is missing was asked for. */
  #reconstruct(request: BlockRequest, peer: Peer, header: Header, shortIds: ShortIds): boolean {
    if (shortIds.ids.length !== header.txCount) return false;
    const { env } = this.#ports;
    const table = shortIdTable(env.memo, env.crypto, request.id, shortIds.nonce);
    const partial = fillFromMempool(table, shortIds.ids, this.#ports.mempool());
    if (partial === undefined) return false;
    const all = completePartial(partial);
    if (all !== undefined) {
      return this.#complete(request, all, peer, header.txCount === 0 ? 'announce' : 'compact');
    }
    if (partial.missing.length === header.txCount) return false;
    request.askMissing(peer, partial);
    return true;
  }

  /** False: these are not the transactions of the announced header. */
  #complete(
    request: BlockRequest,
    all: readonly Transaction[],
    from: Peer,
    via: 'announce' | 'compact',
  ): boolean {
    const header = request.announcement?.header;
    if (header === undefined) return false;
    const block = blockOf(header, all);
    if (this.#checkBody(block) !== undefined) return false;
    this.#take(request, block, '', from, via);
    return true;
  }

  /** Tells every peer that is not known to have the block. What was received is passed on where it is still true. */
  #announce(block: Block, candidate: Candidate, received: BlockMessage | undefined): void {
    const { env, features } = this.#ports;
    const certificate = this.#ports.ledger.certificate(candidate.id);
    const isCompact = features.compactBlocks === 'on';
    const message = announcementOf(env, isCompact, block, certificate, candidate, received);
    for (const peer of this.#ports.peers()) {
      if (peer.head.id !== candidate.id) this.#ports.send(peer, message);
    }
  }

  #checkBody(block: Block): BlockRejection | undefined {
    return checkBody(block, (bytes) => this.#ports.env.crypto.sha256(bytes));
  }

  #checkWeight(peer: Peer, stated: Weight, candidate: Candidate): void {
    if (stated !== candidate.weight) this.#ports.fault(peer, 'FALSE_HEAD');
  }

  #hold(peer: Peer, id: BlockHash, message: BlockMessage, retryMs: Ms): void {
    if (this.#held.has(id) || this.#held.size >= this.#ports.limits.heldBlocksMax) return;
    const { env } = this.#ports;
    env.emit({ kind: 'BlockHeld', id, untilMs: unixMs(env.clock.wallMs() + retryMs) });
    // A time beyond what a timer waits is looked at anew.
    const waitMs = ms(Math.min(retryMs, TIMER_DELAY_MAX_MS));
    const timer = env.clock.setTimer('held-header', waitMs, () => {
      this.#held.delete(id);
      if (peer.isUp) this.onAnnounce(peer, message);
    });
    this.#held.set(id, timer);
  }
}

const EMPTY_SYSTEM: SystemData = { evidence: [], lastCommit: '' };

function blockOf(header: Header, transactions: readonly Transaction[]): Block {
  return { header, transactions, system: EMPTY_SYSTEM };
}
